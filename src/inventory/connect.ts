import { userInfo } from "node:os";
import type { Secret } from "../shell/index.ts";
import type { BecomeSettings, ConnectionSettings, HostKeyChecking } from "./connection.ts";
import type { Layer } from "./layer.ts";
import type { MergedVar } from "./settings.ts";

type Settings = ReadonlyMap<string, unknown>;

/** The settings that count for a host, by key; one that was set to nothing is absent, so that its default applies. */
function effective(layers: readonly Layer[], name: MergedVar): Settings {
  const values = new Map<string, unknown>();
  for (const { settings } of layers) {
    for (const [key, { value }] of settings[name]) {
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    }
  }
  return values;
}

/** How a host is reached, from the `ssh` of its layers. Every value was checked when its layer was read. */
export function connectionOf(name: string, layers: readonly Layer[]): ConnectionSettings {
  const ssh = effective(layers, "ssh");
  const jump = ssh.get("jump") as readonly string[] | undefined;
  return {
    kind: (ssh.get("kind") as "ssh" | "local" | undefined) ?? "ssh",
    address: (ssh.get("address") as string | undefined) ?? name,
    ...optional<number, "port">("port", ssh.get("port")),
    ...optional<string, "user">("user", ssh.get("user")),
    ...optional<readonly string[], "keys">("keys", ssh.get("keys")),
    ...optional<Secret, "passphrase">("passphrase", ssh.get("passphrase")),
    ...optional<Secret, "password">("password", ssh.get("password")),
    agent: (ssh.get("agent") as boolean | undefined) ?? true,
    ...optional<readonly string[], "jump">("jump", jump),
    ...optional<string, "knownHosts">("knownHosts", ssh.get("known_hosts")),
    hostKeyChecking: (ssh.get("host_key_checking") as HostKeyChecking | undefined) ?? "strict",
    ...optional<string | false, "config">("config", ssh.get("config")),
    connectTimeout: (ssh.get("connect_timeout") as number | undefined) ?? 20,
    keepalive: (ssh.get("keepalive") as number | undefined) ?? 15,
    ...optional<number, "keepOpen">("keepOpen", ssh.get("keep_open")),
  };
}

/** How a host's session becomes another user, from the `become` of its layers. */
export function becomeOf(connection: ConnectionSettings, layers: readonly Layer[]): BecomeSettings {
  const become = effective(layers, "become");
  const written = become.get("method") as BecomeSettings["method"] | undefined;
  const user = (become.get("user") as string | undefined) ?? "root";
  const login = connection.kind === "local" ? userInfo().username : connection.user;
  return {
    // Logged in as root, becoming root is no step; becoming someone else still is one.
    method: written ?? (login === "root" && user === "root" ? "none" : "sudo"),
    user,
    ...optional<Secret, "password">("password", become.get("password")),
    ...(written === undefined ? { assumed: true as const } : {}),
  };
}

/** A key that is absent when it has no value, as `exactOptionalPropertyTypes` wants it. */
function optional<T, K extends string>(key: K, value: unknown): { readonly [k in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [k in K]?: T });
}
