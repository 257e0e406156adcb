import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The user that tests log in as, unless they say otherwise; it exists inside the server's own mount namespace only. */
export const LOGIN = "hwtlogin";
export const LOGIN_PASSWORD = "l0gin pass'word";

export interface Sshd {
  readonly port: number;
  readonly pid: number;
  /** Holds keys, known_hosts and whatever a test adds. World-readable, so that test users may look into it. */
  readonly folder: string;
  /** A private key that every user of the server accepts. */
  readonly key: string;
  /** Public host keys, by type. */
  readonly hostKeys: Readonly<Record<"ed25519" | "rsa" | "ecdsa", string>>;
  /** Runs a script inside the server's namespace, as root. */
  inside(script: string): string;
  log(): string;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly config?: string;
  /** Shell text run as root in the namespace before sshd starts. */
  readonly setup?: string;
  readonly hostKeys?: readonly ("ed25519" | "rsa" | "ecdsa")[];
  /** Match blocks of sshd_config, which must come last. */
  readonly match?: string;
  /** Default 127.0.0.1, and a free port. */
  readonly address?: string;
  readonly port?: number;
  /** A network of its own, or that of another server; the default is this machine's. */
  readonly network?: "own" | Sshd;
  /** Reuses another server's folder, keys included. */
  readonly like?: Sshd;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Installs what a test needs and this machine lacks; an error is the reason to skip. */
export function need(...programs: readonly (readonly [program: string, debianPackage: string])[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const path = `${process.env["PATH"]}:/usr/sbin:/sbin`;
  const missing = programs.filter(([program]) => {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { env: { ...process.env, PATH: path }, stdio: "ignore" });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return undefined;
  try {
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", ...missing.map(([, name]) => name)], { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    return undefined;
  } catch {
    return `cannot install ${missing.map(([, name]) => name).join(", ")}`;
  }
}

/** Starts an sshd whose /etc, /home, /root and /run/sudo are its own: nothing that a test does to them stays. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "hawser-ssh-"));
  const port = options.port ?? (await freePort());
  const address = options.address ?? "127.0.0.1";
  const types = options.hostKeys ?? ["ed25519", "rsa", "ecdsa"];
  const source = options.like?.folder ?? folder;
  if (!options.like) {
    for (const type of ["ed25519", "rsa", "ecdsa"]) execFileSync("ssh-keygen", ["-q", "-t", type, ...(type === "rsa" ? ["-b", "2048"] : []), "-N", "", "-f", join(folder, `host_${type}`)]);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "client")]);
  }
  writeFileSync(
    join(folder, "sshd_config"),
    `${options.config ?? ""}
Port ${port}
ListenAddress ${address}
${types.map((type) => `HostKey ${source}/host_${type}`).join("\n")}
PidFile none
AuthorizedKeysFile ${source}/client.pub
StrictModes no
PermitRootLogin yes
UsePAM yes
PrintMotd no
${options.match ?? ""}
`,
  );
  const boot = `set -e
mkdir -p ${folder}/ns; mount -t tmpfs tmpfs ${folder}/ns; cd ${folder}/ns
mkdir etc etcwork
mount -t overlay overlay -o lowerdir=/etc,upperdir=$PWD/etc,workdir=$PWD/etcwork /etc
mount -t tmpfs tmpfs /home; mkdir -p /run/sudo /run/sshd; mount -t tmpfs tmpfs /run/sudo
mount -t tmpfs tmpfs /root; chmod 700 /root
useradd -m -s /bin/bash -u 61801 ${LOGIN}
printf '%s\\n' ${JSON.stringify(`${LOGIN}:${LOGIN_PASSWORD}`)} root:r00t-secret | chpasswd
chmod 755 ${folder}
${options.setup ?? ""}
exec "$(command -v sshd)" -D -e -f ${folder}/sshd_config
`;
  // In a file, and not in the process list, where another server's tests look for these passwords.
  writeFileSync(join(folder, "boot.sh"), boot, { mode: 0o600 });
  const apart = ["unshare", "-m", "--propagation", "private", ...(options.network === "own" ? ["-n"] : [])];
  const [program = "", ...args] = typeof options.network === "object" ? ["nsenter", "-t", String(options.network.pid), "-n", ...apart] : apart;
  const child: ChildProcess = spawn(program, [...args, "sh", join(folder, "boot.sh")], { stdio: ["ignore", "ignore", "pipe"], env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" } });
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`sshd did not start: ${log}`)), 15_000);
    child.stderr?.on("data", () => {
      if (!/Server listening/.test(log)) return;
      clearTimeout(timer);
      resolve();
    });
    void exited.then(() => reject(new Error(`sshd ended: ${log}`)));
  });
  const pub = (type: string): string => readFileSync(join(source, `host_${type}.pub`), "utf8").split(" ").slice(0, 2).join(" ");
  const hostKeys = { ed25519: pub("ed25519"), rsa: pub("rsa"), ecdsa: pub("ecdsa") };
  writeFileSync(join(folder, "known_hosts"), types.map((type) => `${port === 22 ? address : `[${address}]:${port}`} ${hostKeys[type]}\n`).join(""));
  return {
    port,
    pid: child.pid as number,
    folder,
    key: join(source, "client"),
    hostKeys,
    inside: (script) => execFileSync("nsenter", ["-t", String(child.pid), "-m", "sh", "-c", script], { encoding: "utf8" }),
    log: () => log,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
