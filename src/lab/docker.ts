import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildContext } from "./dockerfile.ts";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";
import { hasCommand, run, tryRun } from "./run.ts";
import type { LabHost, LabImage, OnProgress } from "./types.ts";

/** Why no Docker engine can be used here, or undefined when one answers. DOCKER_HOST and docker's contexts apply. */
export async function engineFault(): Promise<string | undefined> {
  if (!(await hasCommand("docker"))) return "the docker command is not installed";
  const { code } = await tryRun(["docker", "version", "--format", "{{.Server.Version}}"]);
  return code === 0 ? undefined : "no Docker engine answers";
}

export const containerName = (lab: string, host: string): string => `hawser-${lab}-${host}`;
export const networkName = (lab: string): string => `hawser-${lab}`;
/** On all that belongs to a lab, so that `down` finds it with no record left. */
export const labLabel = (lab: string): string => `hawser.lab=${lab}`;

/** Builds a host image unless the engine has it. `HAWSER_LAB_DOCKER_BASE` names another base than debian:12. */
export async function ensureDockerImage(image: LabImage, onProgress: OnProgress): Promise<string> {
  const { tag, files } = buildContext(image, process.env["HAWSER_LAB_DOCKER_BASE"]);
  return withLock(`docker image ${tag}`, async () => {
    if ((await tryRun(["docker", "image", "inspect", tag])).code === 0) return tag;
    onProgress({ message: `building the ${image} image under Docker (once)` });
    const folder = await mkdtemp(join(tmpdir(), "hawser-lab-"));
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      await run(["docker", "build", "--quiet", "--tag", tag, folder], {
        hint: "without a registry, `docker import` a Debian root file system and name it in HAWSER_LAB_DOCKER_BASE",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
    return tag;
  });
}

/**
 * One network for all regions: an engine keeps its networks apart, and regions must reach each other. It is the smallest
 * prefix that holds all addresses.
 */
export function coveringPrefix(addresses: readonly string[]): string {
  const numbers = addresses.map((address) => address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  let size = 256;
  while (Math.floor(low / size) !== Math.floor(high / size)) size *= 2;
  const base = Math.floor(low / size) * size;
  const dotted = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".");
  return `${dotted}/${32 - Math.log2(size)}`;
}

/** Not privileged: no devices, and no capability beyond what systemd, networks, vault and a nested engine ask for. */
const CAPABILITIES = ["NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_PTRACE", "IPC_LOCK", "AUDIT_WRITE"];

/** `docker create` for one host. A restart policy boots it again when it reboots from within. */
export function createArgv(lab: string, host: LabHost, image: string, port: number): string[] {
  return [
    "docker",
    "create",
    `--name=${containerName(lab, host.name)}`,
    `--hostname=${host.name}`,
    `--label=${labLabel(lab)}`,
    `--network=${networkName(lab)}`,
    `--network-alias=${host.name}`,
    `--ip=${host.address}`,
    `--publish=127.0.0.1:${port}:22`,
    "--cgroupns=private",
    "--restart=unless-stopped",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    ...CAPABILITIES.map((capability) => `--cap-add=${capability}`),
    "--tmpfs=/run:exec",
    "--tmpfs=/tmp:exec",
    "--volume=/var/lib/docker",
    image,
  ];
}

/** A port of the controller that is free now. It is fixed in the container, so it stays the same over reboots. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new LabError("no free port on 127.0.0.1"));
      });
    });
  });
}
