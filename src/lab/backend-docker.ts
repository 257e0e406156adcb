import { randomUUID } from "node:crypto";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fallen, LabBackend } from "./backend.ts";
import { containerName, coveringPrefix, createArgv, ensureDockerImage, freePort, labLabel, networkName } from "./docker.ts";
import { LabError, tail } from "./error.ts";
import { BOOT_OVER } from "./power.ts";
import { ensureKey } from "./keys.ts";
import { hostPaths, labPaths } from "./paths.ts";
import { poll, sshAnswers } from "./ready.ts";
import { run, tryRun } from "./run.ts";
import { sshEndpoint, type HostRecord } from "./state.ts";
import type { LabHost, LabImage, OnProgress } from "./types.ts";

const BOOT_MS = 60_000;

/** Hosts as containers with systemd under a Docker engine; for machines without nspawn, such as macOS. */
export const dockerBackend: LabBackend = {
  async raise(record, hosts, onProgress) {
    const lab = record.name;
    const natted = hosts.find(({ privateAddress }) => privateAddress !== undefined);
    if (natted !== undefined) throw new LabError(`${natted.name}: the docker backend has no private addresses`, { hint: "use the nspawn or uml backend, or drop lab.private" });
    const images = new Map<LabImage, string>();
    await Promise.all([...new Set(hosts.map(({ image }) => image))].map(async (image) => images.set(image, await ensureDockerImage(image, onProgress))));
    if ((await tryRun(["docker", "network", "inspect", networkName(lab)])).code !== 0) {
      const subnet = coveringPrefix([...record.hosts, ...hosts].map(({ address }) => address));
      await run(["docker", "network", "create", `--label=${labLabel(lab)}`, `--subnet=${subnet}`, networkName(lab)]);
    }
    const raised: HostRecord[] = [];
    const fallen: Fallen[] = [];
    await Promise.all(
      hosts.map(async (host) => {
        try {
          raised.push(await raiseContainer(lab, host, record.hosts, images.get(host.image) ?? "", onProgress));
        } catch (error) {
          fallen.push({ host, error });
          // It may never have been created, or be off already.
          await tryRun(["docker", "kill", containerName(lab, host.name)]);
        }
      }),
    );
    return { raised, fallen };
  },

  async raze(lab) {
    const filter = `--filter=label=${labLabel(lab)}`;
    const containers = (await run(["docker", "ps", "--all", "--quiet", filter])).split("\n").filter(Boolean);
    if (containers.length > 0) await run(["docker", "rm", "--force", "--volumes", ...containers]);
    const networks = (await run(["docker", "network", "ls", "--quiet", filter])).split("\n").filter(Boolean);
    if (networks.length > 0) await run(["docker", "network", "rm", ...networks]);
    await rm(labPaths(lab).directory, { recursive: true, force: true });
  },

  async observe(lab, host) {
    const { code, stdout } = await tryRun(["docker", "inspect", "--format", "{{.State.Running}} {{.State.Pid}} {{.State.Paused}}", containerName(lab, host.name)]);
    const [running, pid, paused] = code === 0 ? stdout.trim().split(" ") : [];
    const ssh = sshEndpoint(host);
    const up = running === "true" && paused !== "true" && (await sshAnswers(ssh.address, ssh.port));
    const { name, address, region, image } = host;
    const power = paused === "true" ? "frozen" : up ? "up" : running === "true" ? "booting" : "off";
    return { name, address, region, image, power, ready: up, leader: running === "true" ? Number(pid) : undefined, ssh };
  },

  async enter(lab, host, argv) {
    return ["docker", "exec", "--interactive", containerName(lab, host.name), ...argv];
  },

  async stop(lab, host) {
    await run(["docker", "stop", "--time=30", containerName(lab, host.name)]);
  },

  async cut(lab, host) {
    await run(["docker", "kill", containerName(lab, host)]);
  },

  async start(lab, host) {
    await run(["docker", "start", containerName(lab, host.name)]);
    await awaitContainer(lab, host.name, () => answersAt(sshEndpoint(host)));
  },

  async link(lab, { name, address }, plugged) {
    const how = plugged ? ["connect", `--ip=${address}`, `--alias=${name}`] : ["disconnect"];
    await run(["docker", "network", ...how, networkName(lab), containerName(lab, name)]);
  },

  async freeze(lab, { name }, frozen) {
    await run(["docker", frozen ? "pause" : "unpause", containerName(lab, name)]);
  },

  async faults() {
    return [];
  },

  async setFaults(_lab, faults) {
    if (faults.length > 0) throw new LabError("the docker backend can cut no traffic", { hint: "use the nspawn or uml backend, or unplug a host" });
    return Date.now();
  },

  async setRtt(_lab, ms) {
    if (ms > 0) throw new LabError("the docker backend has no round-trip time", { hint: "use the nspawn backend, or 0 ms" });
    return { ms, mechanism: "none" };
  },

  async rtt() {
    return { ms: 0, mechanism: "none" };
  },
};

/** Starts a container that exists and belongs to the lab's record; makes one anew otherwise. */
async function raiseContainer(lab: string, host: LabHost, known: readonly HostRecord[], image: string, onProgress: OnProgress): Promise<HostRecord> {
  const name = containerName(lab, host.name);
  const exists = (await tryRun(["docker", "inspect", name])).code === 0;
  const before = known.find((candidate) => candidate.name === host.name);
  const port = before?.published?.port ?? (await freePort());
  if (exists && before === undefined) await run(["docker", "rm", "--force", "--volumes", name]);
  if (!exists || before === undefined) {
    await run(createArgv(lab, host, image, port));
    await run(["docker", "cp", `${await stageFiles(lab, host)}/.`, `${name}:/`]);
  }
  onProgress({ host: host.name, message: "booting" });
  await run(["docker", "start", name]);
  const direct: HostRecord = { name: host.name, address: host.address, region: host.region, image: host.image };
  const published: HostRecord = { ...direct, published: { address: "127.0.0.1", port } };
  let reached: HostRecord | undefined;
  await awaitContainer(lab, host.name, async () => {
    for (const candidate of [direct, published]) if (await answersAt(sshEndpoint(candidate))) reached ??= candidate;
    return reached !== undefined;
  });
  onProgress({ host: host.name, message: "up" });
  return reached ?? published;
}

const answersAt = ({ address, port }: { address: string; port: number }): Promise<boolean> => sshAnswers(address, port);

async function awaitContainer(lab: string, host: string, condition: () => Promise<boolean>): Promise<void> {
  if (await poll(condition, BOOT_MS)) {
    await tryRun(["docker", "exec", containerName(lab, host), ...BOOT_OVER]);
    return;
  }
  const { stdout, stderr } = await tryRun(["docker", "logs", "--tail=20", containerName(lab, host)]);
  throw new LabError(`${host} did not answer to ssh within ${BOOT_MS / 1000} s`, { evidence: tail(`${stdout}${stderr}`) });
}

/** The files that make a host itself, in a folder whose modes are those they get in the container. */
async function stageFiles(lab: string, host: LabHost): Promise<string> {
  const { directory, hostKey } = hostPaths(lab, host.name);
  await ensureKey(hostKey, host.name);
  const staged = join(directory, "files");
  await mkdir(join(staged, "etc/ssh"), { recursive: true, mode: 0o755 });
  await mkdir(join(staged, "root/.ssh"), { recursive: true, mode: 0o700 });
  await writeFile(join(staged, "etc/machine-id"), `${randomUUID().replaceAll("-", "")}\n`, { mode: 0o444 });
  await copyFile(hostKey, join(staged, "etc/ssh/ssh_host_ed25519_key"));
  await copyFile(`${labPaths(lab).key}.pub`, join(staged, "root/.ssh/authorized_keys"));
  return staged;
}
