import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { defineRole, loadInventory, play, playbook, sh, Sh, use, z, type Inventory, type Playbook, type Selection } from "hawser";
import { stringify } from "yaml";
import addNode from "../../playbooks/add-node.ts";
import swarmBook from "../../playbooks/swarm.ts";
import { migration, swarmAct } from "../../roles/swarm/plays/migrate.ts";
import { follow, type Said } from "./engine-fixture.ts";

/** Two regions, and a witness in a third place. */
export type Host = "la1" | "sg1" | "w1";
export const ALL: readonly Host[] = ["la1", "sg1", "w1"];
const REGIONS: Readonly<Record<Host, string>> = { la1: "la", sg1: "sg", w1: "witness" };

/** How a lab's hosts are reached. */
export interface Access {
  readonly folder: string;
  readonly key: string;
  readonly knownHosts: string;
  address(host: string): string;
}

/** A service that answers 1400 octets, and of which a task ends in seconds. */
export const SERVICE = { image: "web:1", command: ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"], stop_grace_period: "3s", deploy: { replicas: 2, update_config: { monitor: "5s" }, rollback_config: { monitor: "5s" } } };

/** A static busybox is an image by itself. Nothing is pulled: there is no registry. */
const image = defineRole(import.meta, {
  name: "image",
  summary: "The workload's image, where there is no registry.",
  vars: z.strictObject({}),
  tasks({ t }) {
    const busybox = t.package("busybox-static", { allowRemoval: true });
    t.task("import", {
      check: sh`docker version >/dev/null 2>&1 || exit 127
docker image inspect web:2 >/dev/null 2>&1`,
      apply: Sh.raw(`d=$(mktemp -d); mkdir -p $d/bin $d/www $d/tmp; chmod 755 $d; cp /bin/busybox $d/bin/
for a in sh httpd sleep; do ln -s busybox $d/bin/$a; done
head -c 1400 /dev/zero | tr '\\0' x >$d/www/index.html
for v in 1 2; do tar -C $d -c . | docker import - web:$v >/dev/null; done
rm -rf $d`),
      absent: "while-needs-absent",
      needs: [busybox],
    });
  },
});

const images = play({ name: "images", hosts: "swarm", roles: [use(image, {})] });
const [nodes, services] = swarmBook.plays;
const [adds, work] = addNode.plays;
assert.ok(nodes && services && adds && work);
/** The shipped playbooks, with the image between. */
export const book: Playbook = playbook(import.meta, [nodes, images, services]);
export const adding: Playbook = playbook(import.meta, [adds, images, work]);
/** As playbooks/migrate-node.ts with its answer. */
export const migrating = (act: string): Playbook => playbook(import.meta, [migration({ roles: (turn) => [use(swarmAct, { turn, act })] })]);

/** An inventory of some of the hosts. `vars` are the cluster's, `own` a host's in their place. */
export async function inventoryOf(lab: Access, names: readonly Host[], vars: object, own: Partial<Record<Host, object>> = {}): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  const ssh = { user: "root", key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false };
  const all = { role: "manager", ...vars };
  const host = (name: Host) => ({ region: REGIONS[name], public_address: lab.address(name), ssh: { ...ssh, address: lab.address(name) }, ...(own[name] && { swarm: { ...all, ...own[name] } }) });
  const groups = { swarm: { vars: { swarm: all }, hosts: Object.fromEntries(names.map((name) => [name, host(name)])) }, witness: { hosts: names.includes("w1") ? { w1: {} } : {} } };
  // A tag stands before its text.
  await writeFile(path.join(folder, "hosts.yml"), stringify(groups).replaceAll(/(["'])?!secret (.*?)\1$/gm, "!secret $2"));
  return await loadInventory(folder);
}

export const changed = (said: Said): string[] => said.events.flatMap((event) => (event.event === "resource" && event.outcome === "changed" ? [`${event.host} ${event.id}`] : []));

export async function ran(which: Playbook, inventory: Inventory, limit?: string, selection: Selection = {}): Promise<Said> {
  const said = await follow(which, { inventory, selection, ...(limit !== undefined && { limit }) });
  assert.equal(said.recap.result, "ok", said.trouble);
  return said;
}

/**
 * A client on a host: requests one after the other, each of which has to bring 1400 octets, a line for each in /root/load.log.
 * @param round Shell text of one round: it calls `request PREFIX ADDRESS` with the words before the program, and the address
 */
export const load = (round: string): string => `cat >/root/load.sh <<'END'
request() {
  n=$(printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | $1 busybox nc -w 10 "$2" 8080 2>/dev/null | tr -d '\\r' | sed '1,/^$/d' | wc -c)
  if [ "$n" = 1400 ]; then echo ok; elif [ -z "$p" ] || [ -d "/proc/$p" ]; then echo lost; fi >>/root/load.log
}
p=
while [ ! -e /root/stop ]; do
${round}
done
END
rm -f /root/stop /root/load.log; setsid sh /root/load.sh </dev/null >/dev/null 2>&1 & sleep 1`;

/** Ends the client. @returns what it met */
export async function met(exec: (script: string) => Promise<string>): Promise<{ readonly answered: number; readonly lost: number }> {
  await exec("touch /root/stop; n=0; while pgrep -f '[l]oad.sh' >/dev/null && [ $n -lt 20 ]; do n=$((n + 1)); sleep 1; done");
  const [answered = 0, lost = 0] = (await exec("grep -c ok /root/load.log || :; grep -c lost /root/load.log || :")).trim().split("\n").map(Number);
  return { answered, lost };
}

/** The nodes on which tasks of a service run, a name for each task. */
export async function tasksOf(exec: (host: Host, script: string) => Promise<string>, service: string): Promise<string[]> {
  const out = await exec("la1", `docker service ps --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' ${service}`);
  return out.split("\n").filter((line) => line.includes("Running")).map((line) => line.split(" ")[0] ?? "").sort();
}
