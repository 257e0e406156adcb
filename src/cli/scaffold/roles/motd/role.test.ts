import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use } from "hawser";
import { motd } from "./role.ts";

const id = "motd/file:/etc/motd";
/** What the look at a file prints when there is none. */
const absent = { out: "absent\n", code: 0 };

void test("a host without a greeting gets one, with its name and the rules", () => {
  const plan = planOf(use(motd, { contact: "ops@example.org", rules: ["be kind"] }), recorded("debian-12"), { host: "web-1", seen: { [id]: absent } });
  const file = plan.find((resource) => resource.id === id);
  assert.equal(file?.summary, "create");
  assert.match(file?.diff ?? "", /^\+web-1, Debian GNU\/Linux 12 \(bookworm\)\. Questions: ops@example\.org\n\+- be kind$/m);
});
