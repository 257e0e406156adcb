import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use } from "hawser";
import { web } from "./role.ts";

const site = { name: "shop.example", upstream: "127.0.0.1:8080" };
const roleFacts = { openFiles: 1024 };
/** What the look at a file prints when there is none. */
const absent = { out: "absent\n", code: 0 };

test("a site gets a file of its own, where the distribution looks for it", () => {
  for (const [system, folder] of [["debian-12", "/etc/nginx/sites-enabled"], ["el-9", "/etc/nginx/conf.d"]] as const) {
    const id = `web/file:${folder}/shop.example.conf`;
    const plan = planOf(use(web, { sites: [site] }), recorded(system), { roleFacts, seen: { [id]: absent } });
    const file = plan.find((resource) => resource.id === id);
    assert.equal(file?.summary, "create");
    assert.match(file?.diff ?? "", /^\+ {2}client_max_body_size 8m;$/m);
  }
});

test("what is there already needs nothing", () => {
  const seen = { "web/file:/etc/nginx/sites-enabled/default": absent };
  const plan = planOf(use(web, { sites: [site] }), recorded("debian-12"), { roleFacts, seen });
  assert.equal(plan.find(({ id }) => id.endsWith("/default"))?.apply, undefined);
});
