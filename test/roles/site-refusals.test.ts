import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { HawserError, loadInventory, run } from "hawser";
import { formatError } from "../../src/report/index.ts";
import site from "../../playbooks/site.ts";

const LAB = fileURLToPath(new URL("../../inventory/lab", import.meta.url));

type Vars = Record<string, unknown>;
interface Group {
  vars?: Vars;
  hosts?: Record<string, Vars>;
  children?: Record<string, Group | null>;
}
type Hosts = Record<string, Group>;

interface Row {
  readonly wrong: string;
  /** Changes the lab's inventory; vars of a host are stronger than all others. */
  readonly change: (on: (host: string) => Vars, hosts: Hosts) => void;
  readonly says: RegExp;
  /** What the source line has in it. Default: the message needs no line of the inventory. */
  readonly line?: RegExp;
}

/** The same on every machine: no server that is an artifact. */
const NOTHING_OBTAINED = { env: { XDG_CACHE_HOME: "/nonexistent" } };

let folder = "";
const file = (name: string): string => path.join(folder, name);

/** A group of these hosts, whatever the inventory has of it. */
const group = (hosts: Hosts, name: string, ...members: readonly string[]): void => {
  const children = (hosts["all"] ??= {}).children ??= {};
  children[name] = { hosts: Object.fromEntries(members.map((member) => [member, {}])) };
  delete hosts[name];
};

const manager = (ha: boolean): Vars => ({ role: "manager", ha });
const ROWS: readonly Row[] = [
  {
    wrong: "two managers of a Swarm that is called highly available",
    change(on, hosts) {
      group(hosts, "swarm", "la-1", "sg-1");
      on("la-1")["keepalived"] = on("sg-1")["keepalived"] = { vip: "172.16.255.100", witness: "198.18.3.11" };
      on("la-1")["swarm"] = on("sg-1")["swarm"] = manager(true);
    },
    says: /^swarm\.ha with 2 managers in 2 places/,
    line: /ha: true/,
  },
  {
    wrong: "a raft of four in two places, without a witness",
    change(on, hosts) {
      for (const [region, net] of [["la", 1], ["sg", 2]] as const) {
        const second = ((hosts[region] ??= {}).hosts ??= {})[`${region}-2`] = { ssh: { address: `198.18.${net}.12` }, public_address: `198.18.${net}.12`, private_address: `10.${net}0.0.12`, gateway: { id: net + 2 } };
        Object.assign(second, { swarm: manager(true) });
      }
      group(hosts, "swarm", "la-1", "la-2", "sg-1", "sg-2");
      for (const host of ["la-1", "sg-1", "la-2", "sg-2"]) on(host)["keepalived"] = { vip: "172.16.255.100", witness: "198.18.3.11" };
      on("la-1")["swarm"] = on("sg-1")["swarm"] = manager(true);
    },
    says: /^swarm\.ha with 4 managers in 2 places/,
    line: /ha: true/,
  },
  {
    wrong: "a CA that has expired",
    change(on) {
      for (const host of ["la-1", "sg-1", "witness-1"]) on(host)["ca"] = { own: { certificate: readFileSync(file("expired.pem"), "utf8"), certificates: {} } };
    },
    says: /^ca\.own\.certificate: CN=expired has expired: it was good until /,
    line: /certificate: /,
  },
  {
    wrong: "an artifact that has another sha256",
    change(on) {
      writeFileSync(file("etcd.tar.gz"), "what somebody else put there");
      for (const host of ["la-1", "sg-1", "witness-1"]) on(host)["etcd"] = { artifact: { file: file("etcd.tar.gz"), sha256: "a".repeat(64) } };
    },
    says: new RegExp(`^etcd\\.artifact\\S*: .*${createHash("sha256").update("what somebody else put there").digest("hex").slice(0, 8)}`),
    line: /sha256: a{64}/,
  },
  {
    wrong: "an artifact whose sha256 is none",
    change: (on) => void (on("la-1")["etcd"] = { artifact: { url: "https://releases.example/etcd.tar.gz", sha256: "abc" } }),
    says: /^etcd\.artifact\.sha256: .* \(host la-1\)$/,
    line: /sha256: abc/,
  },
  {
    wrong: "a port that two roles want, in two plays",
    change(on) {
      for (const host of ["la-1", "sg-1", "witness-1"]) on(host)["etcd"] = { client_port: 8443 };
    },
    says: /^port 8443\/tcp of la-1 is wanted twice: by etcd \(clients\) and by backup-path \(the public proxy\)$/,
  },
  {
    wrong: "a port that the database wants and the backup path has",
    change(_on, hosts) {
      for (const { hosts: own = {} } of [hosts["la"] ?? {}, hosts["sg"] ?? {}]) for (const vars of Object.values(own)) vars["backup-path"] = { port: 5432 };
    },
    says: /^port 5432\/tcp of la-1 is wanted twice: by backup-path \(the public proxy\) and by postgres-pglogical \(PostgreSQL\)$/,
  },
  {
    wrong: "a port that the quorum and the Swarm want",
    change(on, hosts) {
      group(hosts, "swarm", "la-1", "sg-1");
      for (const host of ["la-1", "sg-1"]) on(host)["keepalived"] = { vip: "172.16.255.100", witness: "198.18.3.11" };
      on("la-1")["swarm"] = manager(false);
      for (const host of ["la-1", "sg-1", "witness-1"]) on(host)["etcd"] = { peer_port: 2377 };
    },
    says: /^port 2377\/tcp of la-1 is wanted twice: by etcd \(the other members\) and by swarm \(/,
  },
  {
    wrong: "an address that moves inside a network of Docker's",
    change(on, hosts) {
      group(hosts, "swarm", "la-1", "sg-1");
      on("la-1")["keepalived"] = on("sg-1")["keepalived"] = { vip: "172.28.0.100", witness: "198.18.3.11" };
      on("la-1")["swarm"] = { role: "manager" };
    },
    says: /172\.28\.0\.0\/14/,
    line: /172\.28\.0\.100|swarm/,
  },
];

void describe("the whole site refuses, before any host is contacted,", () => {
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-site-"));
    // The lab's own inventory.ts imports it.
    mkdirSync(file("node_modules"));
    symlinkSync(fileURLToPath(new URL("../..", import.meta.url)), file("node_modules/hawser"));
    const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    writeFileSync(file("ca.ext"), "basicConstraints = critical, CA:TRUE\n");
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "expired.key", "-subj", "/CN=expired", "-out", "expired.csr");
    openssl("x509", "-req", "-in", "expired.csr", "-signkey", "expired.key", "-days", "-1", "-extfile", "ca.ext", "-out", "expired.pem");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What a run of site.ts says of the lab's inventory, changed. */
  async function said({ change }: Pick<Row, "change">): Promise<{ readonly error: unknown; readonly contacted: readonly string[] }> {
    const inventory = mkdtempSync(file("inventory-"));
    cpSync(LAB, inventory, { recursive: true });
    const hosts = parse(readFileSync(path.join(inventory, "hosts.yml"), "utf8")) as Hosts;
    change((name) => Object.values(hosts).flatMap(({ hosts: own }) => (own && name in own ? [own[name] ??= {}] : []))[0] ?? assert.fail(`no ${name}`), hosts);
    writeFileSync(path.join(inventory, "hosts.yml"), stringify(hosts), { mode: 0o600 });
    const contacted: string[] = [];
    const connect = ({ name }: { readonly name: string }): Promise<never> => {
      contacted.push(name);
      return Promise.reject(new HawserError(`${name} was contacted`));
    };
    try {
      for await (const _ of run(site, { inventory: await loadInventory(inventory, NOTHING_OBTAINED), connect, check: true }));
      return { error: undefined, contacted };
    } catch (error) {
      return { error, contacted };
    }
  }

  for (const { wrong, says, line, ...row } of ROWS) {
    void test(wrong, async () => {
      const { error, contacted } = await said(row);
      assert.deepEqual(contacted, []);
      assert.ok(error instanceof HawserError, String(error));
      const [first] = "problems" in error ? (error.problems as readonly { readonly message: string; readonly file: string; readonly line: number }[]) : [];
      assert.match(first?.message ?? error.message, says);
      const at = first ?? error.source;
      if (line) assert.match(at ? (readFileSync(at.file, "utf8").split("\n")[at.line - 1] ?? "") : "no line", line);
      assert.match(formatError(error, { color: false }), /try:|at /);
    });
  }

  void test("nothing of the lab's own inventory, whose hosts it contacts", async () => {
    const { contacted } = await said({ change: () => undefined });
    assert.deepEqual([...contacted].sort(), ["la-1", "sg-1", "witness-1"]);
  });
});
