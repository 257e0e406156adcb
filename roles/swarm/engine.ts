import { fact, lane, Sh, sh, UsageError, z, type Facts, type ResourceNode, type Tasks } from "hawser";
import type { Vars } from "./vars.ts";

export const FOLDER = "/etc/hawser/swarm";
const SCRIPT = `${FOLDER}/docker-user.sh`;
const DAEMON = "/etc/docker/daemon.json";

/** Of the key with which Docker signs its packages for Debian and Ubuntu. */
const DEBIAN_KEY = "1500c1f56fa9e26b9b8f42452a553675796ade0807cdce11975eb98170b3a570";

/** Engines that restart at once could be a quorum. */
const oneAtATime = lane("docker", 1);

/** What Swarm is on the host before the run: inactive, pending, active, locked, error; none without an engine that answers. */
export const SWARM_STATE = fact(Sh.raw("docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null || echo none"), z.string());

/** @throws UsageError for a host that the role does not serve */
export function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`swarm serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family !== "el") return;
  if (facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "swarm.allow_eol: true, if it has to be" });
  if (vars.package === "docker.io") throw new UsageError(`${facts.os.name} (${host}) packages no docker.io`, { hint: "swarm.package: docker-ce, or none" });
  if (vars.repository.key === undefined) throw new UsageError(`swarm.repository.key is needed for ${host}: the key of Docker's packages for EL, with its sha256`, { hint: `key: { url: ${vars.repository.url}/centos/gpg, sha256: … }; its fingerprint is 060A 61C5 1B55 8A7F 742B 77AA C52F EB6B 621E 9F35` });
}

/** The engine, running as Swarm needs it, and forwarding let through. @returns what the cluster needs */
export function declareEngine(t: Tasks, vars: Vars, facts: Facts, active: boolean): readonly ResourceNode[] {
  const needs = [t.directory("/etc/docker", { mode: "0755" })];
  let ready: readonly ResourceNode[] = [];
  let config: ResourceNode;
  // An engine that is in no cluster yet is in nobody's way.
  const rescue = (): void => {
    t.restore(config);
    t.task("start the engine as it was", { check: sh`systemctl is-active --quiet docker`, apply: sh`systemctl reset-failed docker
systemctl restart docker` });
  };
  t.block("engine", { ...(active && { lane: oneAtATime }), rescue }, () => {
    const restart = t.handler("restart docker", sh`systemctl is-active --quiet docker || exit 0
systemctl restart docker`);
    // Before the package, so that the engine starts with it.
    config = t.file(DAEMON, { content: daemonOf(vars), mode: "0644", needs, notify: restart });
    const packages = t.package(...packagesOf(t, vars, facts));
    const legacy = facts.virtualisation === "uml" && facts.family === "debian" ? [declareLegacy(t, packages)] : [];
    const folder = t.directory(FOLDER, { mode: "0700", parents: true });
    const script = t.file(SCRIPT, { source: "docker-user.sh", mode: "0700", needs: [folder] });
    const words = ["sh", SCRIPT, "set", ...vars.forward_interfaces].join(" ");
    const unit = t.unit("docker", { dropIn: "hawser", content: `# Managed by hawser: role swarm\n[Service]\nExecStartPost=-/bin/${words}\n`, needs: [script] });
    // One that runs starts again; one that does not gets its first start below.
    t.flush();
    const service = t.service("docker", { state: "running", enabled: true, timeout: 180, needs: [packages, legacy, config, unit] });
    const answers = t.gate("the engine answers", { probe: Sh.raw(`s=$(docker info --format '{{.Swarm.LocalNodeState}}') && [ "$s" != pending ]`), within: 120, every: 1, needs: [service, restart] });
    const forwarding = t.task("forwarding", { check: sh`command -v iptables >/dev/null && [ -e ${SCRIPT} ] || exit 127
${forwardingIs(vars)}`, apply: sh`sh ${SCRIPT} set ${vars.forward_interfaces}`, summary: `let ${vars.forward_interfaces.join(", ")} pass DOCKER-USER`, absent: "while-needs-absent", needs: [service, script, restart] });
    ready = [service, answers, forwarding];
  });
  return ready;
}

/** Exits 0 where Docker's rules let the interfaces pass. */
export const forwardingIs = ({ forward_interfaces }: Vars): Sh => sh`sh ${SCRIPT} check ${forward_interfaces}`;

function packagesOf(t: Tasks, { package: wanted, version, repository }: Vars, facts: Facts): Parameters<Tasks["package"]> {
  const tools = facts.family === "debian" ? ["ca-certificates", "iproute2", "iptables", "iputils-ping"] : ["iproute", "iptables", "iputils"];
  // What docker.io recommends is for building images: git, and half of Python.
  const pinned = { recommends: false, ...(version !== undefined && { version }) };
  if ((wanted ?? (facts.family === "el" ? "docker-ce" : "docker.io")) === "docker.io") {
    t.package(tools);
    return ["docker.io", pinned];
  }
  const url = repository.url.replace(/\/$/, "");
  const folder = facts.family === "el" ? "centos" : facts.os.id;
  const key = repository.key ?? { url: `${url}/${folder}/gpg`, sha256: DEBIAN_KEY };
  const place = facts.family === "el" ? { baseurl: [`${url}/centos/${facts.os.major}/$basearch/stable`] } : { uris: [`${url}/${folder}`], suites: [facts.os.codename], components: ["stable"] };
  const source = t.repository("docker-ce", { ...place, key });
  t.package([...tools, "containerd.io"], { needs: [source] });
  return [["docker-ce-cli", "docker-ce"], { ...pinned, needs: [source] }];
}

/**
 * User-Mode Linux has nf_tables without NAT, and Docker asks for plain `iptables`. Listing a table tells nothing, since one that is
 * not there is shown empty: a chain is made, in a network namespace that ends with the command.
 */
const declareLegacy = (t: Tasks, needs: readonly ResourceNode[]): ResourceNode =>
  t.task("an iptables that this kernel understands", { check: sh`command -v iptables >/dev/null || exit 127
unshare -n true 2>/dev/null || exit 0
unshare -n iptables -w -t nat -N HAWSER >/dev/null 2>&1 || exit 1`, apply: sh`update-alternatives --set iptables /usr/sbin/iptables-legacy`, absent: "while-needs-absent", needs });

/** Keys in Docker's words, with those that are the role's. */
export function daemonOf({ daemon, mtu, default_address_pools }: Vars): string {
  const own = { mtu, "default-address-pools": default_address_pools, "live-restore": false };
  const all = { ...daemon, ...own };
  return `${JSON.stringify(Object.fromEntries(Object.keys(all).toSorted().map((key) => [key, all[key as keyof typeof all]])), undefined, 2)}\n`;
}

/** Keys of daemon.json that the role sets itself, and what sets them. */
export const OWN_KEYS: Readonly<Record<string, string>> = {
  mtu: "swarm.mtu",
  "default-address-pools": "swarm.default_address_pools",
  "live-restore": "nothing: Swarm's engines cannot have it",
};
