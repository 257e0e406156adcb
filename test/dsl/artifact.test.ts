import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { artifact, planOf, recorded, defineRole, use, z } from "hawser";
import { isArtifact } from "../../src/dsl/artifact.ts";
import { complaints } from "../../src/dsl/complaints.ts";

const url = "https://releases.example/app/1.2/app-1.2.tar.gz?x=1";
const sha256 = "a".repeat(64);

/** What whoever wrote a wrong artifact is told. */
function said(value: unknown): string[] {
  const schema = z.strictObject({ artifact });
  const parsed = schema.safeParse({ artifact: value });
  return parsed.success ? [] : complaints(parsed.error, schema, { artifact: value }).map(({ path, message, hint }) => `${path.join(".")}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
}

describe("an artifact", () => {
  it("takes a URL or a file, with its sha256", () => {
    for (const given of [{ url, sha256 }, { url, sha256, mirror: "https://mirror.example/{host}" }, { file: "app.tar.gz", sha256 }]) assert.deepEqual(said(given), []);
    const parsed = artifact.parse({ file: "app.tar.gz", sha256 });
    assert.ok(isArtifact(parsed));
    assert.deepEqual(parsed, { url: undefined, sha256, mirror: undefined, localFile: "app.tar.gz" });
  });

  for (const [what, value, words] of [
    ["nothing", undefined, ["artifact: it is missing: an object is expected"]],
    ["neither url nor file", { sha256 }, ["artifact: give its url, or as file a path on the controller"]],
    ["both", { url, file: "x", sha256 }, ["artifact: give either url or file, not both"]],
    ["a mirror of a file", { file: "x", sha256, mirror: "https://m.example" }, ["artifact: a mirror takes the place of the url's host, and there is no url"]],
    ["no sha256", { url }, ["artifact.sha256: it is missing: a string is expected"]],
    ["a short sha256", { url, sha256: "abc" }, ["artifact.sha256: a sha256 is 64 hexadecimal digits in lower case, not 3 characters"]],
    ["one in upper case", { url, sha256: "A".repeat(64) }, ["artifact.sha256: a sha256 is 64 hexadecimal digits in lower case"]],
    ["a misspelt key", { url, sha265: sha256, sha256 }, ["artifact.sha265: there is no such key (did you mean sha256?)"]],
    ["a password", { url: "https://me:pw@x.example/a", sha256 }, ["artifact.url: a URL with a password would be seen in the host's process list"]],
    ["a path as url", { url: "/srv/app.tar.gz", sha256 }, ["artifact.url: Invalid URL"]],
    ["another scheme", { url: "s3://bucket/app.tar.gz", sha256 }, ["artifact.url: Invalid URL"]],
    ["a mirror that is no URL", { url, sha256, mirror: "mirror.example" }, ["artifact.mirror: Invalid URL"]],
  ] as const) {
    it(`is refused with ${what}`, () => assert.deepEqual(said(value), words));
  }

  const app = defineRole(import.meta, {
    name: "app",
    summary: "An app.",
    vars: z.strictObject({ artifact }),
    tasks({ t, vars }) {
      t.directory("/opt/app");
      t.archive("/opt/app", { ...vars.artifact, name: "app", strip: 1, creates: "app" });
      t.download("/srv/app.tar.gz", { ...vars.artifact, mode: "0600" });
    },
  });
  const applies = (given: z.input<typeof artifact>): string[] => planOf(use(app, { artifact: given }), recorded("debian-12"), { seen: { "app/archive:/opt/app:app": { out: "absent\n", code: 0 }, "app/download:/srv/app.tar.gz": { out: "absent\n", code: 0 } } }).slice(1).map(({ apply = "", error }) => error ?? apply);

  it("is spread into an archive and a download, which hosts fetch from the mirror", () => {
    for (const apply of applies({ url, sha256 })) assert.match(apply, /^u='https:\/\/releases\.example\/app\/1\.2\/app-1\.2\.tar\.gz\?x=1'$/m);
    for (const apply of applies({ url, sha256, mirror: "https://m.example/{host}/" })) assert.match(apply, /^u='https:\/\/m\.example\/releases\.example\/app\/1\.2\/app-1\.2\.tar\.gz\?x=1'$/m);
  });

  it("is uploaded where it is a file", () => {
    for (const apply of applies({ file: "/srv/app-1.2.tar.gz", sha256 })) {
      assert.match(apply, /^cat "\$\{hw_state:\?\}"\/stage\/\w+ >"\$t"$/m);
      assert.doesNotMatch(apply, /curl/);
    }
  });
});
