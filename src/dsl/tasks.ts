import type { ResourceNode } from "./items.ts";
import { authorizedKey, authorizedKeys } from "../resources/authorized-key.ts";
import { cron } from "../resources/cron.ts";
import { firewallRule } from "../resources/firewall-rule.ts";
import { group } from "../resources/group.ts";
import { hostname } from "../resources/hostname.ts";
import { kernelModule } from "../resources/kernel-module.ts";
import { mount } from "../resources/mount.ts";
import { packageKind } from "../resources/package.ts";
import { reboot } from "../resources/reboot.ts";
import { repository } from "../resources/repository.ts";
import { service } from "../resources/service.ts";
import { sysctl } from "../resources/sysctl.ts";
import { todo } from "../resources/todo.ts";
import { timer } from "../resources/timer.ts";
import { unit } from "../resources/unit.ts";
import { user } from "../resources/user.ts";
import { waitFor } from "../resources/wait-for.ts";
import type { Late } from "../shell/index.ts";
import { FileVerbs, type Options } from "./file-verbs.ts";

/** What a role declares with, as `t`: one verb per kind of resource. What stands first names the thing on the host. */
export class Tasks extends FileVerbs {
  /** Packages: one resource each, installed by one command where they stand together. */
  package(names: string | readonly string[], options: Options<typeof packageKind, "name"> = {}): readonly ResourceNode[] {
    return [names].flat().map((name) => this.verb(packageKind, { name }, options));
  }

  /** A place that packages come from, with the key that they are signed with. */
  repository(name: string, options: Options<typeof repository, "name">): ResourceNode {
    return this.verb(repository, { name }, options);
  }

  /** Without options: running, and enabled at boot. */
  service(name: string, options: Options<typeof service, "name"> = { state: "running", enabled: true }): ResourceNode {
    return this.verb(service, { name }, options);
  }

  /** A kernel setting, live and after the next boot. */
  sysctl(key: string, value: Late<string | number>, options: Options<typeof sysctl, "key" | "value"> = {}): ResourceNode {
    return this.verb(sysctl, { key, value }, options);
  }

  /** A unit file in /etc/systemd/system, or a drop-in for one. */
  unit(name: string, options: Options<typeof unit, "name">): ResourceNode {
    return this.verb(unit, { name }, options);
  }

  /** A systemd timer with the service that it starts. */
  timer(name: string, options: Options<typeof timer, "name">): ResourceNode {
    return this.verb(timer, { name }, options);
  }

  /** A job in a file of its own in /etc/cron.d. */
  cron(name: string, options: Options<typeof cron, "name">): ResourceNode {
    return this.verb(cron, { name }, options);
  }

  user(name: string, options: Options<typeof user, "name"> = {}): ResourceNode {
    return this.verb(user, { name }, options);
  }

  group(name: string, options: Options<typeof group, "name"> = {}): ResourceNode {
    return this.verb(group, { name }, options);
  }

  /** One key that may log in as a user; other keys stay. */
  authorizedKey(user: string, key: Late<string>, options: Options<typeof authorizedKey, "user" | "key"> = {}): ResourceNode {
    return this.verb(authorizedKey, { user, key }, options);
  }

  /** The whole list of keys that may log in as a user. */
  authorizedKeys(user: string, keys: readonly Late<string>[], options: Options<typeof authorizedKeys, "user" | "keys"> = {}): ResourceNode {
    return this.verb(authorizedKeys, { user, keys }, options);
  }

  mount(at: string, options: Options<typeof mount, "path">): ResourceNode {
    return this.verb(mount, { path: at }, options);
  }

  kernelModule(name: string, options: Options<typeof kernelModule, "name"> = {}): ResourceNode {
    return this.verb(kernelModule, { name }, options);
  }

  /** One rule of the firewall, in whatever keeps the host's: nftables, iptables, firewalld or ufw. */
  firewallRule(name: string, options: Options<typeof firewallRule, "name">): ResourceNode {
    return this.verb(firewallRule, { name }, options);
  }

  /** The host's own name, now and after the next boot. */
  hostname(name: string, options: Options<typeof hostname, "name"> = {}): ResourceNode {
    return this.verb(hostname, { name }, options);
  }

  /** Waits, on the host, for a port, a path or a command. */
  waitFor(name: string, options: Options<typeof waitFor, "name">): ResourceNode {
    return this.verb(waitFor, { name }, options);
  }

  /** What is still to be written: a run that comes to it fails, and says why. It has the tag `todo`. */
  todo(name: string, options: Options<typeof todo, "name">): ResourceNode {
    return this.verb(todo, { name }, { ...options, tags: [...(options.tags ?? []), "todo"] });
  }

  /** Reboots when the host asks for it, and goes on when it is back. */
  reboot(name: string, options: Options<typeof reboot, "name">): ResourceNode {
    return this.verb(reboot, { name }, options);
  }
}
