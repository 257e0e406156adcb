import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cgroupOf, killCgroup } from "./cgroup.ts";
import { startDetached } from "./detached.ts";
import { LabError, tail } from "./error.ts";
import { CACHE_ADDRESS, labNamespace, UPLINK } from "./names.ts";
import { ipJson, namespaceFile } from "./network.ts";
import { labPaths } from "./paths.ts";
import { poll } from "./ready.ts";
import { DELAY, FAR } from "./router.ts";
import { ipBatch, run, tryRun } from "./run.ts";
import type { LabRtt } from "./types.ts";

const FAR_MAC = "0e:68:00:00:00:01";
const FAR_ADDRESS = "169.254.68.2";
const TABLE = 68;
/** Packets of the package cache go straight on: the distance to the controller is simulated, not that to a mirror. */
const PREF_DIRECT = 6800;
const PREF_DELAYED = 6801;
const START_MS = 10_000;

interface IpRule {
  readonly priority: number;
}
interface IpLink {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

/**
 * Sets a lab's round-trip time. Packets between regions, or between the controller and a host, are routed through one
 * device that holds each of them for half of it; then they are routed on. Traffic within a region is fast, also where it takes the
 * router for its 1:1 NAT.
 */
export async function applyDelay(lab: string, ms: number): Promise<LabRtt> {
  const namespace = labNamespace(lab);
  await removeDelay(lab);
  if (ms === 0) return { ms, mechanism: "none" };
  const netem = await tryNetem(lab, ms);
  if (!netem) await startDelayLine(lab, ms);
  const links = await ipJson<IpLink>("-n", namespace, "addr", "show");
  const entrances = links.filter(({ ifname }) => ifname === UPLINK || ifname.startsWith("br-"));
  const near = entrances.flatMap(({ ifname, addr_info = [] }) => addr_info.filter(({ family }) => family === "inet").map(({ local, prefixlen }) => ({ ifname, network: `${local}/${prefixlen}` })));
  await ipBatch(namespace, [
    `route replace default ${netem ? `via ${FAR_ADDRESS} dev ${DELAY} onlink` : `dev ${DELAY}`} table ${TABLE}`,
    `rule add pref ${PREF_DIRECT} from ${CACHE_ADDRESS} lookup main`,
    `rule add pref ${PREF_DIRECT} to ${CACHE_ADDRESS} lookup main`,
    ...near.map(({ ifname, network }) => `rule add pref ${PREF_DIRECT} iif ${ifname} to ${network} lookup main`),
    ...entrances.map(({ ifname }) => `rule add pref ${PREF_DELAYED} iif ${ifname} lookup ${TABLE}`),
  ]);
  return { ms, mechanism: netem ? "netem" : "userspace" };
}

/** Which mechanism a running lab uses now. */
export async function delayMechanism(lab: string): Promise<LabRtt["mechanism"]> {
  if (!existsSync(namespaceFile(labNamespace(lab)))) return "none";
  const names = (await ipJson<IpLink>("-n", labNamespace(lab), "link", "show")).map(({ ifname }) => ifname);
  if (!names.includes(DELAY)) return "none";
  return names.includes(FAR) ? "netem" : "userspace";
}

async function removeDelay(lab: string): Promise<void> {
  const namespace = labNamespace(lab);
  const rules = await ipJson<IpRule>("-n", namespace, "rule", "show");
  const ours = rules.filter(({ priority }) => priority === PREF_DIRECT || priority === PREF_DELAYED);
  await ipBatch(namespace, ours.map(({ priority }) => `rule delete pref ${priority}`));
  await killCgroup(cgroupOf(lab, "_delay"));
  if ((await delayMechanism(lab)) === "netem") await run(["ip", "-n", namespace, "link", "delete", DELAY]);
}

/** A veth pair with both ends here: what goes in at one end is held by netem and comes out at the other. */
async function tryNetem(lab: string, ms: number): Promise<boolean> {
  const namespace = labNamespace(lab);
  await ipBatch(namespace, [`link add ${DELAY} type veth peer name ${FAR} address ${FAR_MAC}`]);
  const qdisc = ["tc", "-n", namespace, "qdisc", "add", "dev", DELAY, "root", "netem", "limit", "100000", "delay", `${ms / 2}ms`];
  if ((await tryRun(qdisc)).code !== 0) {
    // Many kernels come without sch_netem; the delay line below does without.
    await run(["ip", "-n", namespace, "link", "delete", DELAY]);
    return false;
  }
  await ipBatch(namespace, [`link set ${FAR} up`, `link set ${DELAY} up`, `neigh replace ${FAR_ADDRESS} lladdr ${FAR_MAC} dev ${DELAY} nud permanent`]);
  return true;
}

async function startDelayLine(lab: string, ms: number): Promise<void> {
  const namespace = labNamespace(lab);
  const log = join(labPaths(lab).directory, "delay.log");
  const node = [process.execPath, "--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href, fileURLToPath(new URL("./delay-line.ts", import.meta.url))];
  await startDetached(cgroupOf(lab, "_delay"), ["nsenter", `--net=${namespaceFile(namespace)}`, ...node, DELAY, String(ms / 2)], log);
  const up = async (): Promise<boolean> => (await tryRun(["ip", "-n", namespace, "link", "show", "up", "dev", DELAY])).stdout.includes(DELAY);
  if (await poll(up, START_MS)) return ipBatch(namespace, [`link set ${DELAY} txqueuelen 10000`]);
  await killCgroup(cgroupOf(lab, "_delay"));
  throw new LabError("the delay line of the lab did not start", { evidence: tail(await readFile(log, "utf8")), hint: "apt-get install -y socat" });
}
