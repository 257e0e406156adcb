import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { labDown, labExec, labUp } from "../../../src/lab/index.ts";

const run = promisify(execFile);
const LAB = "e2e-bad";
export type Host = "b1" | "b2";

/** Users of the lab's hosts besides root; all of them may log in with the lab's key. */
const USERS = `for u in admin worker shut; do useradd -m -s /bin/sh $u; mkdir -p /home/$u/.ssh; cp ~root/.ssh/authorized_keys /home/$u/.ssh/; chown -R $u: /home/$u/.ssh; done
usermod -s /usr/sbin/nologin shut
echo 'admin:right' | chpasswd
echo 'admin ALL=(ALL) ALL' >/etc/sudoers.d/admin
mkdir -p /srv`;

/** Two Debian hosts, and keys that are wrong in one way each. */
export class BadLab {
  readonly words: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(folder: string, words: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.words = words;
  }

  static async up(): Promise<BadLab> {
    const state = await labUp({ name: LAB, hosts: [
      { name: "b1", address: "198.18.41.11", region: "one", image: "debian" },
      { name: "b2", address: "198.18.42.11", region: "two", image: "debian" },
    ] });
    const folder = mkdtempSync(path.join(tmpdir(), "hawser-keys-"));
    const key = async (name: string, passphrase: string): Promise<string> => {
      const file = path.join(folder, name);
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", file]);
      return file;
    };
    const wrong = await key("wrong", "");
    const locked = await key("locked", "open sesame");
    const [type = "", blob = ""] = readFileSync(`${wrong}.pub`, "utf8").split(" ");
    const lab = new BadLab(folder, { KEY: state.keyPath, KNOWN_HOSTS: state.knownHostsPath, WRONG_KEY: wrong, LOCKED_KEY: locked, OTHER_HOST_KEY: `${type} ${blob}` });
    await Promise.all((["b1", "b2"] as const).map((host) => lab.sh(host, USERS)));
    return lab;
  }

  async down(): Promise<void> {
    await labDown(LAB);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs shell text as root, without ssh. @returns its output, trimmed. */
  async sh(host: Host, script: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(host, script);
    assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  async try(host: Host, script: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return await labExec(LAB, host, ["sh", "-c", script]);
  }

  /** Waits up to 20 s until the shell text exits 0. */
  async until(host: Host, script: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const ended = await this.try(host, script).catch((error: unknown) => ({ code: -1, stdout: "", stderr: String(error) }));
      if (ended.code === 0) return;
      assert.ok(Date.now() < deadline, `never came true on ${host}: ${script}\n${ended.stdout}${ended.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Everything that a run could have left: files with their attributes, temporary files, markers, and the state of packages. */
  async state(host: Host): Promise<Map<string, string>> {
    const text = await this.sh(host, `find /etc /srv /root /opt /home /usr/local /var/tmp /tmp -not -path '/tmp/systemd-private-*' -not -type d -printf '%p\\t%y %m %u %g %s %T@\\n'
find /etc /srv /root /opt /home /usr/local -type d -printf '%p\\t%y %m %u %g\\n'
find /var/lib/hawser /run/hawser -not -type d -not -name 'batch-*' -not -name lock -printf '%p\\towed or left\\n' 2>/dev/null
find / -xdev -name '.hawser-*' -printf '%p\\ta temporary file\\n' 2>/dev/null
printf '/var/lib/dpkg/status\\t'; sha256sum </var/lib/dpkg/status`);
    return new Map(text.split("\n").map((line) => line.split("\t") as [string, string]));
  }

  /** No process of a run is left: nobody holds the lock. */
  async settled(host: Host): Promise<void> {
    await this.until(host, "[ ! -e /run/hawser/lock ] || flock -n /run/hawser/lock true");
  }
}

/** The paths whose state differs, in order. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name)).sort((a, b) => (a < b ? -1 : 1));
}
