import { defineRole, lane, sh, z } from "hawser";

/** Made once, for all hosts: at most one of them is out of the pool. */
const oneOut = lane("out of the pool", 1);

export const pooled = defineRole(import.meta, {
  name: "pooled",
  summary: "A service behind a load balancer, upgraded host by host without its clients noticing.",
  vars: z.strictObject({
    balancer: z.string().describe("The load balancer's name in the inventory."),
    pool: z.string().default("/etc/balancer/pool").describe("A folder there with a file for each host that gets requests."),
    folder: z.string().default("/srv/app").describe("The service's folder."),
    database: z.string().default("/srv/schema").describe("Where the database says which schema it has."),
    version: z.string().describe("Which release."),
  }),
  tasks({ t, vars: { balancer, pool, folder, database, version }, host }) {
    const member = `${pool}/${host.name}`;
    // One host migrates the database; the others wait here, and take what it says.
    const schema = t.once("migrate", () => {
      const migrated = t.task("migrate", { check: sh`[ "$(cat ${database} 2>/dev/null)" = ${version} ]`, apply: sh`echo ${version} > ${database}` });
      return t.read("schema", { probe: sh`cat ${database}`, needs: [migrated] });
    });
    let out: ReturnType<typeof t.task>;
    t.block("upgrade", {
      lane: oneOut,
      before: () => t.on(balancer, () => {
        out = t.task("drain", { check: sh`[ ! -e ${member} ]`, apply: sh`rm ${member}` });
      }),
      always: () => t.on(balancer, () => {
        t.task("put back", { check: sh`[ -e ${member} ]`, apply: sh`touch ${member}`, needs: [out], predict: "runs" });
      }),
    }, () => {
      t.directory(folder);
      t.file(`${folder}/release`, { content: schema.map((text) => `${version} with schema ${text}\n`) });
    });
  },
});
