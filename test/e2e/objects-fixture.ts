import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { loadInventory, type Inventory } from "hawser";
import { stringify } from "yaml";
import { declareWrites } from "../../roles/minio/drill.ts";
import { DrillPlan } from "../../src/dsl/drill-plan.ts";
import { labCut, labHeal } from "../../src/lab/index.ts";
import { builtArtifact } from "../artifacts/index.ts";
import type { E2eLab } from "./engine-fixture.ts";

export const DATA = "/var/lib/hawser-objects";
const FOLDER = "/etc/hawser-objects";

/** A user whose keys are given, and not made: they are looked for everywhere afterwards. */
interface Given {
  readonly access: string;
  /** The environment variable that has its secret key. */
  readonly secret: string;
}

/** Each host a region of its own, with two buckets, a user `app` and an administrator `given`. @param vars What else the role is told */
export async function objectsOf(lab: E2eLab, hosts: readonly string[], { backend, given, vars }: { readonly backend: string; readonly given: Given; readonly vars: object }): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  const { file = "", sha256 = "" } = builtArtifact(backend) ?? {};
  const all = {
    backend,
    artifact: { file, sha256 },
    buckets: [{ name: "photos", quota_mb: 512 }, { name: "app-logs", expire_days: 30 }],
    users: [{ name: "app", buckets: { photos: "read-write", "app-logs": "read" } }, { name: "given", admin: true, access_key: given.access, secret_key: "!env" }],
    canary_every_s: 5,
    ...vars,
  };
  const host = (name: string) => ({ region: name, public_address: lab.address(name), ssh: { user: "root", address: lab.address(name), key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false } });
  const text = stringify({ objects: { vars: { ca: { host: hosts[0] }, minio: all }, hosts: Object.fromEntries(hosts.map((name) => [name, host(name)])) } });
  await writeFile(path.join(folder, "hosts.yml"), text.replace('secret_key: "!env"', `secret_key: !env ${given.secret}`));
  return await loadInventory(folder);
}

/** Shell text after which the store's disk is full; the services go on with the folder that they have. */
export const FULL = `mount --bind ${DATA} ${DATA}; mount --make-private ${DATA}; mount -t tmpfs -o size=1m none ${DATA}; dd if=/dev/zero of=${DATA}/full bs=1k count=1000 status=none`;

/** @param user Whose keys it asks with. @param at Whose S3 is asked. Default: the host's own */
type Ask = (host: string, user: string, method: string, object: string, at?: string) => Promise<string>;

interface S3Client {
  readonly s3: Ask;
  /** Asks until the answer is that. */
  readonly s3Until: (wanted: string, ...words: Parameters<Ask>) => Promise<void>;
  /** An object of so many KiB is written at one host, comes whole to another one, and is gone there when it was deleted. */
  readonly travels: (from: string, to: string, kib: number) => Promise<void>;
  /** Two hosts that are cut off from one another go on writing, at once, and each has what the other one wrote when the cut is over. */
  readonly writeInACut: (one: string, other: string) => Promise<void>;
}

/**
 * S3 as a host of the lab asks for it.
 * @param seconds After which `s3Until` has waited long enough
 * @param given Shell text that prints `ACCESS=…` and `SECRET=…` of a user whose keys were not made on the host
 */
export function s3Client(lab: E2eLab, seconds: number, given: (user: string) => string | undefined = () => undefined): S3Client {
  /** One request; what is sent or came is in /root/object of the host that asks. @returns `STATUS ETAG` */
  const s3: Ask = async (host, user, method, object, at = host) => {
    const key = given(user) ?? `sed -n "s/^${user} \\(.*\\) \\(.*\\)$/ACCESS='\\1'\\nSECRET='\\2'/p" ${FOLDER}/keys`;
    return (await lab.exec(host, `umask 077; ${key} >/root/key; sh ${FOLDER}/s3.sh /root/key /etc/hawser-tls/objects/trusted.pem ${method} https://${lab.address(at)}:8333/${object} /root/object`)).trim();
  };
  const s3Until = async (wanted: string, ...words: Parameters<Ask>): Promise<void> => {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const said = await s3(...words);
      if (said === wanted || said.split(" ")[0] === wanted) return;
      assert.ok(performance.now() < deadline, `${words.join(" ")}: ${said}, not ${wanted}`);
    }
  };
  const travels = async (from: string, to: string, kib: number): Promise<void> => {
    await lab.exec(from, `head -c ${kib * 1024} /dev/urandom >/root/object`);
    const sum = await lab.exec(from, "sha256sum </root/object");
    const written = await s3(from, "app", "PUT", `photos/${from}/${kib}`);
    assert.match(written, /^200 /);
    await s3Until(written, to, "app", "GET", `photos/${from}/${kib}`);
    assert.equal(await lab.exec(to, "sha256sum </root/object"), sum);
    assert.match(await s3(from, "app", "DELETE", `photos/${from}/${kib}`), /^204/);
    await s3Until("404", to, "app", "HEAD", `photos/${from}/${kib}`);
  };
  const OWN = [1, 2, 3];
  const writesOwn = async (from: string): Promise<void> => {
    for (const n of OWN) {
      await lab.exec(from, `echo ${from} ${n} >/root/object`);
      assert.match(await s3(from, "app", "PUT", `photos/own/${from}/${n}`), /^200 /);
    }
  };
  const hasOwn = async (at: string, from: string): Promise<void> => {
    for (const n of OWN) {
      await s3Until("200", at, "app", "GET", `photos/own/${from}/${n}`);
      assert.equal((await lab.exec(at, "cat /root/object")).trim(), `${from} ${n}`);
    }
  };
  const writeInACut = async (one: string, other: string): Promise<void> => {
    await labCut(lab.name, one, other);
    try {
      for (const host of [one, other]) await writesOwn(host);
      assert.match(await s3(other, "app", "HEAD", `photos/own/${one}/1`), /^404/);
    } finally {
      await labHeal(lab.name);
    }
    await hasOwn(other, one);
    await hasOwn(one, other);
  };
  return { s3, s3Until, travels, writeInACut };
}

/** What a drill writes at the first host, more than S3 lists at once, is found at each, and what it takes away there is away at each. */
export async function drillReadsBack(lab: E2eLab, hosts: readonly string[], backend: string): Promise<void> {
  const COUNT = 1005;
  const [first = ""] = hosts;
  const scriptsOf = (host: string) => {
    const d = new DrillPlan("minio");
    declareWrites(d, { host: { name: host }, vars: { backend, address: lab.address(host), s3_port: 8333 } } as never);
    return d.written[0];
  };
  await lab.exec(first, `cat >/root/write.sh <<'END'\nkey=p-$1\n${scriptsOf(first)?.write.render()}\nEND\nseq ${COUNT} | xargs -P 4 -n 1 sh /root/write.sh`);
  const found = async (count: number): Promise<void> => {
    for (const host of hosts) await lab.exec(host, `prefix=p-; n=0; until [ "$( ( ${scriptsOf(host)?.read?.render()} ) | sort -u | wc -l)" = ${count} ]; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 1; done`);
  };
  await found(COUNT);
  await lab.exec(first, `prefix=p-; ${scriptsOf(first)?.clean?.render()}`);
  await found(0);
}

/**
 * Where on a host secrets can be seen: in command lines for six seconds, in files outside of the role's own, in the journal, and in its own files that
 * others may read.
 * @param store A folder in which the server itself keeps them
 */
export async function whereShown(lab: E2eLab, host: string, needles: readonly string[], store?: string): Promise<string> {
  return await lab.feed(
    host,
    `printf '%s\\n' ${needles.map((each) => `'${each}'`).join(" ")} >/dev/shm/needles
n=0; while [ $n -lt 60 ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -aFf /dev/shm/needles && echo in a command line; n=$((n + 1)); sleep 0.1; done
find /etc /opt /root /run /srv /tmp /var -xdev -type f ! -path '${FOLDER}/*' ! -path /root/key ${store === undefined ? "" : `! -path '${store}/*'`} -exec grep -laFf /dev/shm/needles {} + 2>/dev/null
journalctl --no-pager -o cat | grep -aFf /dev/shm/needles | sed 's/^/journal: /'
find ${FOLDER} ${store ?? ""} -type f -perm /o+r -exec grep -laFf /dev/shm/needles {} + 2>/dev/null
rm -f /dev/shm/needles`,
  );
}
