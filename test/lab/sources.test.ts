import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { LabError } from "../../src/lab/error.ts";
import { chooseSources, controllerSources, parseDeb822, parseOneLine, sourceLine } from "../../src/lab/sources.ts";

const source = (uri: string, suite: string) => ({ uri, suite, components: ["main"], signedBy: undefined });

void test("reads one-line sources with options and comments", () => {
  const text = "# deb http://no.test/debian x main\ndeb [arch=amd64 signed-by=/k.gpg] http://a.test/debian bookworm main contrib # why\ndeb-src http://a.test/debian bookworm main\n";
  assert.deepEqual(parseOneLine(text), [
    { uri: "http://a.test/debian", suite: "bookworm", components: ["main", "contrib"], signedBy: "/k.gpg" },
  ]);
});

void test("reads deb822 stanzas: several suites, comments inside, disabled ones left out", () => {
  const text = `Types: deb deb-src
# a comment
URIs: http://a.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://off.test/
Suites: bookworm
Enabled: no

Types: deb-src
URIs: http://a.test/debian
Suites: bookworm
`;
  assert.deepEqual(
    parseDeb822(text).map((source) => sourceLine(source)),
    ["deb [signed-by=/k.gpg] http://a.test/debian bookworm main", "deb [signed-by=/k.gpg] http://a.test/debian bookworm-updates main"],
  );
});

void test("a key inside Signed-By is not taken for a file", () => {
  const text = "Types: deb\nURIs: http://a.test/\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n";
  assert.equal(parseDeb822(text)[0]?.signedBy, undefined);
});

void test("keeps the release's own suites, and says which https source it left out", () => {
  const { used, warnings } = chooseSources(
    [source("http://a.test", "bookworm"), source("https://b.test", "bookworm-security"), source("https://other.test", "nodistro")],
    "bookworm",
  );
  assert.deepEqual(used.map(({ suite }) => suite), ["bookworm"]);
  assert.match(warnings.join(), /bookworm-security/);
  assert.equal(warnings.length, 1);
});

void test("a machine without a source for its own release is told so", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "hawser-sources-"));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(join(root, "etc/apt"), { recursive: true });
  await writeFile(join(root, "etc/os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
  await writeFile(join(root, "etc/apt/sources.list"), "deb https://a.test/debian bookworm main\n");
  await assert.rejects(controllerSources(root), (error) => error instanceof LabError && /bookworm/.test(error.message) && /https?/.test(error.evidence ?? ""));
});
