import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { labSshArgs, type LabSpec } from "../../src/lab/index.ts";

export const LAB = "e2e-lab";

/** Subnets of its own, so that it stands beside any lab that is up. */
export const SPEC: LabSpec = {
  name: LAB,
  hosts: [
    { name: "la1", address: "198.18.201.11", region: "la", image: "debian" },
    { name: "sg1", address: "198.18.202.11", region: "sg", image: "debian" },
    { name: "sg2", address: "198.18.202.12", region: "sg", image: "el" },
  ],
};

/** The same with kernels of their own: two regions behind NAT, and a witness that is not. */
export const KERNEL_SPEC: LabSpec = {
  name: "e2e-kernel",
  rttMs: 84,
  hosts: [
    { name: "la1", address: "198.18.221.11", region: "la", image: "debian", privateAddress: "10.10.0.11" },
    { name: "la2", address: "198.18.221.12", region: "la", image: "debian", privateAddress: "10.10.0.12" },
    { name: "sg1", address: "198.18.222.11", region: "sg", image: "el", privateAddress: "10.20.0.11" },
    { name: "w1", address: "198.18.223.11", region: "witness", image: "debian" },
  ],
};

/** Runs a shell command over ssh as an operator would, at most 90 s. */
export async function ssh(host: string, command: string, lab = LAB): Promise<{ code: number | null; out: string; err: string }> {
  const [program = "", ...args] = await labSshArgs(lab, host);
  const { status, stdout, stderr } = spawnSync(program, [...args, command], { encoding: "utf8", timeout: 90_000 });
  return { code: status, out: stdout.trim(), err: stderr.trim() };
}

/** Everything of a lab that the machine still has: processes, mounts, namespaces, links, routes, cgroups. */
export function traces({ name, hosts } = SPEC): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const cgroups = lines("find", "/sys/fs/cgroup", "-type", "d", "-path", `*hawser/${name}*`);
  const words = [name, ...hosts.map(({ address }) => address.replace(/\d+$/, ""))];
  return [...lines("ip", "netns"), ...lines("ip", "link"), ...lines("ip", "route"), ...mounts, ...cgroups, ...commandLines()].filter((line) => words.some((word) => line.includes(word)));
}

function lines(command: string, ...args: string[]): string[] {
  return spawnSync(command, args, { encoding: "utf8" }).stdout.split("\n");
}

function commandLines(): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      // The test runner's own processes name the test file.
      return /lab.*\.test\.ts/.test(line) ? [] : [line];
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw error;
    }
  });
}
