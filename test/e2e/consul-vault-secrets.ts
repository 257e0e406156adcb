import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { KeptFiles } from "../../src/inventory/index.ts";
import type { CommandLines } from "./canary/command-lines.ts";
import { around } from "./canary/needles.ts";
import { hawser, type Ended } from "./cli-fixture.ts";
import { HOSTS, inventoryFolder, MADE, type Host } from "./consul-vault-fixture.ts";
import type { E2eLab } from "./engine-fixture.ts";

const PLAYBOOK = fileURLToPath(new URL("../../playbooks/consul-vault.ts", import.meta.url));

/** Runs a verb of hawser with the shipped playbook as an operator does, with all that it can be asked to tell. What it writes is kept below the lab's folder. */
export async function told(lab: E2eLab, identity: string, verb: string, args: readonly string[]): Promise<Ended> {
  const cwd = path.join(lab.folder, "out");
  await mkdir(cwd, { recursive: true });
  const ended = await hawser(path.join(lab.folder, "state"), [verb, PLAYBOOK, "-i", inventoryFolder(lab), ...args], { cwd, env: { HAWSER_AGE_IDENTITY: identity } });
  for (const stream of ["stdout", "stderr"] as const) await writeFile(path.join(cwd, `${verb}-${(await readdir(cwd)).length}`), ended[stream]);
  return ended;
}

interface Sought {
  readonly what: string;
  readonly needles: readonly string[];
  /** Files that may hold it, by host; on the others none may. */
  readonly meant: Partial<Record<Host, RegExp>>;
  /** One that holds it, so that the search is known to find. */
  readonly there?: readonly [Host, string];
}

/** Each secret of the role, as README.md ("Where secrets are") has it. */
async function soughtIn(lab: E2eLab, kept: KeptFiles): Promise<readonly Sought[]> {
  const { keys, root_token } = JSON.parse((await kept.load("la/consul-vault/keys")) ?? "{}") as { keys: string[]; root_token: string };
  assert.ok(keys.length === 5 && root_token.length > 20);
  const of = async (host: Host, name: string): Promise<string> => (await lab.exec(host, `cat ${MADE}/${name}`)).trim();
  const files = (...names: readonly string[]): RegExp => new RegExp(`^(?:${names.join("|")})$`);
  const made = (...names: readonly string[]): string => `${MADE}/(?:${names.join("|").replaceAll(".", String.raw`\.`)})`;
  const [secrets, services, state] = [String.raw`/etc/hawser-consul/secrets\.json`, String.raw`/etc/hawser-consul/services\.json`, "/var/lib/hawser-consul/.*"];
  const raw = (base64: string): string[] => [...around(base64), Buffer.from(base64, "base64").toString("hex")];
  const gossip = async (name: string): Promise<Sought> => ({ what: name, needles: raw(await of("la", name)), meant: { la: files(made(name), secrets, String.raw`/var/lib/hawser-consul/serf/\w+\.keyring`), sg: files(made(name), secrets, String.raw`/var/lib/hawser-consul/serf/\w+\.keyring`) }, there: ["la", `${MADE}/${name}`] });
  const reader = /X-Vault-Token: ([^"]+)"/.exec(await of("la", "vault-reader.curl"))?.[1] ?? assert.fail("there is no reader's token");
  return [
    { what: "parts of the key", needles: keys.flatMap(raw), meant: {} },
    { what: "root token", needles: around(root_token), meant: {} },
    { what: "management token", needles: around(await of("la", "management")), meant: { la: files(made("management", "consul-management.curl"), secrets, state), sg: files(state) }, there: ["la", `${MADE}/management`] },
    await gossip("gossip.1"),
    await gossip("gossip.2"),
    { what: "token of la", needles: around(await of("la", "host.la")), meant: { la: files(made("host.la", "consul-host.curl"), secrets, services, state), sg: files(state) }, there: ["la", "/etc/hawser-consul/services.json"] },
    { what: "token of sg", needles: around(await of("la", "host.sg")), meant: { la: files(made("host.sg"), state), sg: files(made("host.sg", "consul-host.curl"), secrets, services, state) }, there: ["sg", "/etc/hawser-consul/secrets.json"] },
    { what: "replication token", needles: around(await of("la", "replication")), meant: { la: files(made("replication"), state), sg: files(made("replication"), secrets, state) }, there: ["sg", `${MADE}/replication`] },
    { what: "reader's token", needles: around(reader), meant: Object.fromEntries(HOSTS.map((host) => [host, files(made("vault-reader.curl"))])), there: ["witness", `${MADE}/vault-reader.curl`] },
  ];
}

/**
 * Prints files and logs of a host that hold a secret, each line with the secret's number before it. Needles go in by standard input:
 * on a command line they would be found.
 */
const search = (all: readonly Sought[]): string => `cd /; export LC_ALL=C
d=/dev/shm/needles; mkdir -m 700 $d
${all.map(({ needles }, i) => `cat >$d/${i} <<'END'\n${needles.join("\n")}\nEND`).join("\n")}
cat $d/[0-9]* >$d/all
find /etc /home /opt /root /run /srv /tmp /var /dev/shm /usr/local /boot -type f ! -path "$d/*" -exec grep -laFf $d/all {} + 2>/dev/null >$d/found || :
for log in 'journalctl --no-pager -o export' 'journalctl --no-pager -o cat' dmesg; do $log >"$d/$log" 2>/dev/null; echo "$d/$log" >>$d/found; done
for i in $d/[0-9]*; do while read -r f; do grep -aqFf "$i" "$f" && echo "\${i##*/} $f"; done <$d/found; done
rm -r $d`;

/** @throws AssertionError naming where a secret is and should not be: on the hosts, on the controller, or in a command line of either */
export async function nowhereElse({ lab, kept, lines }: { readonly lab: E2eLab; readonly kept: KeptFiles; readonly lines: CommandLines }): Promise<void> {
  const here = await Promise.all((await readdir(lab.folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(async (entry) => {
    const file = path.join(entry.parentPath, entry.name);
    return { file, text: await readFile(file, "latin1") };
  }));
  assert.ok(here.some(({ text }) => text.includes("[secret]") || text.includes("consul-vault/task:unseal")), "the runs told something");
  const all = await soughtIn(lab, kept);
  for (const { what, needles } of all) {
    const holds = (text: string): boolean => needles.some((needle) => text.includes(needle));
    assert.deepEqual(here.filter(({ text }) => holds(text)).map(({ file }) => file), [], `${what} on the controller`);
    assert.deepEqual([...lines.seen].filter(holds).map((line) => line.slice(0, 60)), [], `${what} in a command line`);
  }
  await Promise.all(HOSTS.map(async (host) => {
    const found = (await lab.feed(host, search(all))).split("\n").filter((line) => line !== "");
    const files = (i: number): string[] => found.filter((line) => line.startsWith(`${i} `)).map((line) => line.slice(`${i} `.length));
    for (const [i, { what, meant, there }] of all.entries()) {
      assert.deepEqual(files(i).filter((file) => meant[host]?.test(file) !== true), [], `${what} on ${host}`);
      if (there?.[0] === host) assert.ok(files(i).includes(there[1]), `${what} is not found in ${there[1]} of ${host}`);
    }
    const readable = await lab.feed(host, [...new Set(all.flatMap((_, i) => files(i)))].map((file) => `! runuser -u nobody -- test -r '${file}' || echo '${file}'\n`).join(""));
    assert.equal(readable, "", `anybody on ${host} can read them`);
  }));
}
