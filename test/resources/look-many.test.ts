import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { LOOK_MANY, lookedAt, readMany } from "../../src/resources/look-many.ts";
import { lookAt } from "../../src/resources/look.ts";
import { onEveryShell } from "./harness.ts";

void test("a look at a file is known by its text, and nothing else is", () => {
  assert.equal(lookedAt(lookAt("/etc/motd").render()), "/etc/motd");
  assert.equal(lookedAt(lookAt("/srv/it's mine").render()), `'/srv/it'\\''s mine'`);
  assert.equal(lookedAt(`${lookAt("/etc/motd").render()}\nid`), undefined);
  assert.equal(lookedAt("p=/etc/motd\ncat $p"), undefined);
});

onEveryShell("many looks at once say what each look says, or leave it to that", (host) => {
  const at = (name: string): string => `${host.root}/${name}`;
  const files: Record<string, Buffer | string> = { plain: "one\ntwo\n", "it's a name": "x", empty: "", binary: Buffer.from([0, 1, 255, 10, 10]), last: "no end" };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  chmodSync(at("plain"), 0o640);
  mkdirSync(at("folder"));
  chmodSync(at("folder"), 0o1777);
  symlinkSync("plain", at("link"));
  writeFileSync(at("big"), Buffer.alloc(1024 * 1024 + 1, "x"));
  writeFileSync(at("nameless"), "y");
  chownSync(at("nameless"), 54_321, 54_321);
  const names = [...Object.keys(files), "folder", "missing", "link", "big", "nameless", "*"];
  const texts = names.map((name) => lookAt(at(name)).render());
  const words = texts.map((text) => lookedAt(text) ?? assert.fail(text));
  const together = host.run(`${LOOK_MANY}hw_f ${words.join(" ")}\nprintf '\\nleft:%s\\n' "$hw_u"`);
  assert.equal(together.code, 0, together.err);
  const [, out = "", left = ""] = /^([^]*)\nleft:(.*)\n$/.exec(together.out) ?? [];
  assert.deepEqual(left.trim().split(" ").map((i) => names[Number(i)]), ["link", "big", "nameless"]);
  const seen = readMany(out);
  for (const [i, text] of texts.entries()) {
    if (left.split(" ").includes(String(i))) assert.equal(seen.get(i), undefined);
    else assert.deepEqual(seen.get(i), host.run(text), names[i]);
  }
});

onEveryShell("a file that grew while it was read is looked at again, with all other files", (host) => {
  for (const name of ["a", "b"]) writeFileSync(`${host.root}/${name}`, "text\n");
  const grown = `cat() { command cat "$@"; echo more; }\n`;
  const { out } = host.run(`${LOOK_MANY}${grown}hw_f ${host.root}/a ${host.root}/b ${host.root}/gone ${host.root}`);
  assert.deepEqual([...readMany(out).keys()].sort((a, b) => a - b), [2, 3]);
});

onEveryShell("what went away in the middle leaves every look to itself", (host) => {
  writeFileSync(`${host.root}/a`, "text\n");
  const gone = `stat() { rm -f ${host.root}/a; command stat "$@"; }\n`;
  const { out } = host.run(`${LOOK_MANY}${gone}hw_f ${host.root}/a ${host.root}\nprintf 'left:%s' "$hw_u"`);
  assert.match(out, /left:all$/);
});
