import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { defineRole, planOf, recorded, use, z } from "hawser";
import { hawser, LOCAL, project } from "./hawser.ts";

const folder = project({ after }, { "inv/hosts.yml": LOCAL });
const role = defineRole(import.meta, {
  name: "r",
  summary: "",
  vars: z.strictObject({}),
  tasks({ t, facts }) {
    if (facts.commands.has("tar") && facts.kernel.modules.size > 0) t.file("/etc/os", { content: `${facts.os.id}\n` });
  },
});

describe("hawser record", () => {
  it("prints facts that a role's unit test takes from its file", async () => {
    const { code, out } = await hawser(folder, ["record", "db", "-i", "inv"]);
    assert.equal(code, 0);
    writeFileSync(`${folder}/db.facts.json`, out);
    const facts = recorded(JSON.parse(readFileSync(`${folder}/db.facts.json`, "utf8")) as Record<string, unknown>, { memoryMb: 7 });
    assert.ok(facts.commands instanceof Set && facts.kernel.modules instanceof Set);
    assert.equal(facts.memoryMb, 7);
    const [file] = planOf(use(role, {}), facts, { seen: { "r/file:/etc/os": { out: "absent\n", code: 0 } } });
    assert.match(file?.diff ?? "", new RegExp(`^\\+${facts.os.id}$`, "m"));
  });

  it("is no other JSON", () => {
    assert.throws(() => recorded({ hostname: "x" }), { name: "UsageError", message: /^this is no recording of a host: it has no init, kernel, memoryMb$/ });
  });

  it("refuses a host that there is not", async () => {
    assert.match((await hawser(folder, ["record", "bd", "-i", "inv"])).err, /no host is called "bd"/);
  });
});
