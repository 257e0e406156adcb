import { readdir, rm } from "node:fs/promises";
import type { Fallen, LabBackend } from "./backend.ts";
import { cgroupNames, cgroupOf, killCgroup, pidsIn, removeIdleRoot } from "./cgroup.ts";
import { applyDelay, delayMechanism } from "./delay.ts";
import { enterArgv } from "./enter.ts";
import { LabError } from "./error.ts";
import { awaitBoot, createDisk, destroyHost, hasDisk, powerCut, powerOn } from "./host.ts";
import { ensureImage } from "./image.ts";
import { withLock } from "./lock.ts";
import { leaderOf } from "./leader.ts";
import { hostNamespace, labNamespace, wireOf } from "./names.ts";
import { destroyNetwork, ensureNetwork, ipJson, labsWithNetwork, NETWORK_LOCK } from "./network.ts";
import { ensurePackageCache, stopPackageCache } from "./package-cache.ts";
import { labPaths } from "./paths.ts";
import { poll, sshAnswers } from "./ready.ts";
import { run } from "./run.ts";
import { absentAs } from "./sources.ts";
import type { HostRecord, LabRecord } from "./state.ts";
import type { LabHost, LabImage, OnProgress } from "./types.ts";

const STOP_MS = 30_000;

/** Hosts as systemd-nspawn containers on overlays of a base image, in network namespaces of this machine. */
export const nspawnBackend: LabBackend = {
  async raise(record, hosts, onProgress) {
    const all = [...record.hosts, ...hosts];
    const images = new Map<LabImage, string>();
    const flavours = [...new Set(hosts.map(({ image }) => image))];
    const network = async (): Promise<void> => {
      await ensureNetwork(record.name, all.map(({ address }) => address));
      await withLock(NETWORK_LOCK, ensurePackageCache);
    };
    await Promise.all([network(), ...flavours.map(async (image) => images.set(image, await ensureImage(image, onProgress)))]);
    const names = hostsFile(all);
    const raised: HostRecord[] = [];
    const fallen: Fallen[] = [];
    await Promise.all(
      hosts.map(async (host) => {
        try {
          raised.push(await raiseHost(record, host, images.get(host.image) ?? "", names, onProgress));
        } catch (error) {
          fallen.push({ host, error });
          // Its folder stays for the console log; nothing of it runs on.
          await powerCut(record.name, host.name);
        }
      }),
    );
    return { raised, fallen };
  },

  async raze(lab) {
    const namespaces = await ipJson<{ name: string }>("netns", "list");
    const prefix = hostNamespace(lab, "");
    const named = namespaces.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name.slice(prefix.length));
    const running = (await cgroupNames(cgroupOf(lab))).filter((name) => !name.startsWith("_"));
    const onDisk = await readdir(labPaths(lab).hosts).catch(absentAs<string[]>([]));
    await Promise.all([...new Set([...named, ...running, ...onDisk])].map((host) => destroyHost(lab, host)));
    await killCgroup(cgroupOf(lab));
    await withLock(NETWORK_LOCK, async () => {
      await destroyNetwork(lab);
      if ((await labsWithNetwork()).length > 0) return;
      await stopPackageCache();
      await removeIdleRoot();
    });
    await rm(labPaths(lab).directory, { recursive: true, force: true });
  },

  async observe(lab, host) {
    const leader = await leaderOf(lab, host.name);
    const running = leader !== undefined || (await pidsIn(cgroupOf(lab, host.name))).length > 0;
    const up = leader !== undefined && (await sshAnswers(host.address, 22));
    const power = up ? "up" : running ? "booting" : "off";
    return { ...shown(host), power, ready: up, leader, ssh: { address: host.address, port: 22 } };
  },

  enter: enterArgv,

  async stop(lab, host) {
    await run(await enterArgv(lab, host, ["systemctl", "poweroff"]));
    const off = async (): Promise<boolean> => (await pidsIn(cgroupOf(lab, host))).length === 0;
    if (!(await poll(off, STOP_MS))) throw new LabError(`${host} did not shut down within ${STOP_MS / 1000} s`, { hint: "cut its power" });
  },

  cut: powerCut,

  async start(lab, host) {
    if ((await leaderOf(lab, host.name)) !== undefined) return;
    await powerOn(lab, host);
    await awaitBoot(lab, host);
  },

  async link(lab, { address }, plugged) {
    await run(["ip", "-n", labNamespace(lab), "link", "set", wireOf(address), plugged ? "up" : "down"]);
  },

  setRtt: applyDelay,

  async rtt(lab, ms) {
    return { ms, mechanism: await delayMechanism(lab) };
  },
};

async function raiseHost(record: LabRecord, host: LabHost, image: string, hosts: string, onProgress: OnProgress): Promise<HostRecord> {
  const lab = record.name;
  const known = record.hosts.some(({ name }) => name === host.name);
  await powerCut(lab, host.name);
  if (!known || !(await hasDisk(lab, host.name))) {
    await destroyHost(lab, host.name);
    await createDisk(lab, host, image, hosts);
  }
  onProgress({ host: host.name, message: "booting" });
  await powerOn(lab, host);
  await awaitBoot(lab, host);
  onProgress({ host: host.name, message: "up" });
  return shown(host);
}

/** Hosts know each other by name from their first boot. */
function hostsFile(hosts: readonly LabHost[]): string {
  const names = new Map(hosts.map(({ name, address }) => [name, address]));
  return ["127.0.0.1 localhost", "::1 localhost ip6-localhost", ...[...names].map(([name, address]) => `${address} ${name}`), ""].join("\n");
}

const shown = ({ name, address, region, image }: LabHost | HostRecord): LabHost => ({ name, address, region, image });
