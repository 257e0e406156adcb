import { readdir, rm } from "node:fs/promises";
import type { Fallen, LabBackend } from "./backend.ts";
import { cgroupNames, cgroupOf, freezeCgroup, isFrozen, killCgroup, pidsIn, removeIdleRoot } from "./cgroup.ts";
import { applyDelay, delayMechanism } from "./delay.ts";
import { LabError } from "./error.ts";
import { readFaults, writeFaults } from "./fault-table.ts";
import { withLock } from "./lock.ts";
import type { Machine } from "./machine.ts";
import { hostNamespace, labNamespace, wireOf } from "./names.ts";
import { destroyNetwork, ensureNetwork, ipJson, labsWithNetwork, NETWORK_LOCK } from "./network.ts";
import { ensurePackageCache, stopPackageCache } from "./package-cache.ts";
import { labPaths } from "./paths.ts";
import { awaitBoot, destroyHost, powerCut, powerOn, wasStarted } from "./power.ts";
import { poll, sshAnswers } from "./ready.ts";
import { run } from "./run.ts";
import { absentAs } from "./sources.ts";
import type { HostRecord, LabRecord } from "./state.ts";
import type { LabHost, LabImage, OnProgress } from "./types.ts";

const STOP_MS = 30_000;

/** Hosts as processes of this machine, in a network namespace of it. */
export function localBackend(machine: Machine): LabBackend {
  const enter = (lab: string, host: LabHost) => (argv: readonly string[]): Promise<string[]> => machine.enter(lab, host, argv);
  const boot = async (lab: string, host: LabHost): Promise<void> => {
    await powerOn(lab, host, machine.supervisor(lab, host));
    await awaitBoot(lab, host, machine.bootMs, enter(lab, host));
  };

  async function raiseHost(record: LabRecord, host: LabHost, image: string, all: readonly LabHost[], onProgress: OnProgress): Promise<HostRecord> {
    const lab = record.name;
    const known = record.hosts.some(({ name }) => name === host.name);
    await powerCut(lab, host.name);
    if (!known || !wasStarted(lab, host.name) || !(await machine.hasDisk(lab, host.name))) {
      await destroyHost(lab, host.name);
      await machine.createDisk(lab, host, image, all);
    }
    onProgress({ host: host.name, message: "booting" });
    await boot(lab, host);
    onProgress({ host: host.name, message: "up" });
    return shown(host);
  }

  return {
    async raise(record, hosts, onProgress) {
      const all = [...record.hosts.filter(({ name }) => !hosts.some((host) => host.name === name)), ...hosts];
      const images = new Map<LabImage, string>();
      const flavours = [...new Set(hosts.map(({ image }) => image))];
      const network = async (): Promise<void> => {
        await ensureNetwork(record.name, all);
        await withLock(NETWORK_LOCK, ensurePackageCache);
      };
      await Promise.all([network(), ...flavours.map(async (image) => images.set(image, await machine.image(image, onProgress)))]);
      const raised: HostRecord[] = [];
      const fallen: Fallen[] = [];
      await Promise.all(
        hosts.map(async (host) => {
          try {
            raised.push(await raiseHost(record, host, images.get(host.image) ?? "", all, onProgress));
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
      const cgroup = cgroupOf(lab, host.name);
      const running = (await pidsIn(cgroup)).length > 0;
      const frozen = running && (await isFrozen(cgroup));
      const up = running && !frozen && (await sshAnswers(host.address, 22));
      const power = frozen ? "frozen" : up ? "up" : running ? "booting" : "off";
      return { ...shown(host), power, ready: up, leader: await machine.leader(lab, host.name), ssh: { address: host.address, port: 22 } };
    },

    enter: (lab, host, argv) => machine.enter(lab, host, argv),

    async stop(lab, host) {
      await run(await machine.enter(lab, host, ["systemctl", "poweroff"]));
      const off = async (): Promise<boolean> => (await pidsIn(cgroupOf(lab, host.name))).length === 0;
      if (!(await poll(off, STOP_MS))) throw new LabError(`${host.name} did not shut down within ${STOP_MS / 1000} s`, { hint: "cut its power" });
    },

    cut: powerCut,

    async start(lab, host) {
      if ((await pidsIn(cgroupOf(lab, host.name))).length > 0) return;
      await boot(lab, host);
    },

    async link(lab, { address }, plugged) {
      await run(["ip", "-n", labNamespace(lab), "link", "set", wireOf(address), plugged ? "up" : "down"]);
    },

    async freeze(lab, { name }, frozen) {
      if ((await pidsIn(cgroupOf(lab, name))).length === 0) throw new LabError(`${name} is off`, { hint: "start it first" });
      await freezeCgroup(cgroupOf(lab, name), frozen);
    },

    faults: readFaults,
    setFaults: writeFaults,
    setRtt: applyDelay,

    async rtt(lab, ms) {
      return { ms, mechanism: await delayMechanism(lab) };
    },
  };
}

const shown = ({ name, address, region, image, privateAddress }: LabHost | HostRecord): LabHost & HostRecord => ({
  name,
  address,
  region,
  image,
  ...(privateAddress === undefined ? {} : { privateAddress }),
});
