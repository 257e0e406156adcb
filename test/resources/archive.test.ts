import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { archive } from "../../src/resources/archive.ts";
import { attempt, converge, onEveryShell, runCases, type TestHost } from "./harness.ts";
import { serve } from "./web.ts";

runCases(archive);

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

function makeTree(host: TestHost): string {
  const tree = `${host.root}/tree/tool-1`;
  mkdirSync(`${tree}/bin`, { recursive: true });
  writeFileSync(`${tree}/bin/tool`, "v1", { mode: 0o755 });
  execFileSync("sh", ["-c", `cd ${tree} && chmod 755 . bin bin/tool && ln -s ../bin/tool bin/link && ln bin/tool bin/hard && echo x >'a b' && chown -R 1000:1000 .`]);
  mkdirSync(`${host.root}/into`);
  return `${host.root}/tree`;
}

const PACK = {
  "tar": "tar -cf", "tar.gz": "tar -czf", "tar.xz": "tar -cJf", "tar.zst": "tar --zstd -cf", "tar.bz2": "tar -cjf",
} as const;

onEveryShell(
  "every tar is unpacked, kept and replaced by another",
  (host) => {
    const tree = makeTree(host);
    const into = `${host.root}/into`;
    for (const [format, pack] of Object.entries(PACK)) {
      writeFileSync(`${tree}/tool-1/bin/tool`, format);
      const source = `${host.root}/x.${format}`;
      execFileSync("sh", ["-c", `${pack} ${source} -C ${tree} tool-1`]);
      converge(archive, { source, sha256: sha256(source), into, name: "tool", strip: 1, creates: "bin/tool" }, host);
      assert.equal(readFileSync(`${into}/bin/link`, "utf8"), format);
      assert.deepEqual([statSync(`${into}/bin/tool`).mode & 0o7777, statSync(`${into}/bin`).mode & 0o7777, statSync(`${into}/bin/tool`).uid], [0o755, 0o755, 0]);
      assert.deepEqual(readdirSync(into).sort(), [".hawser-archive-tool", "a b", "bin"]);
    }
    rmSync(`${into}/bin/tool`);
    const source = `${host.root}/x.tar`;
    converge(archive, { source, sha256: sha256(source), into, name: "tool", strip: 1, creates: "bin/tool" }, host);
  },
  { systemCommands: true },
);

onEveryShell(
  "a zip from the web is unpacked",
  async (host) => {
    const into = `${host.root}/into`;
    mkdirSync(into);
    mkdirSync(`${host.root}/web`);
    // One stored member, "a b/c", whose content is "x": machines under test have no zip.
    writeFileSync(`${host.root}/web/z.zip`, Buffer.from("UEsDBBQAAAAAAAAAIQCDFtyMAQAAAAEAAAAFAAAAYSBiL2N4UEsBAhQDFAAAAAAAAAAhAIMW3IwBAAAAAQAAAAUAAAAAAAAAAAAAAIABAAAAAGEgYi9jUEsFBgAAAAABAAEAMwAAACQAAAAAAA==", "base64"));
    const { url, stop } = await serve(`${host.root}/web`);
    try {
      converge(archive, { url: `${url}/z.zip`, sha256: sha256(`${host.root}/web/z.zip`), into, creates: "a b/c" }, host);
      assert.equal(readFileSync(`${into}/a b/c`, "utf8"), "x");
    } finally {
      stop();
    }
  },
  { systemCommands: true },
);

/** A tar of members as given; GNU tar itself would not write most of them. */
function tar(...members: { name: string; type?: "0" | "1" | "2" | "5"; link?: string }[]): Buffer {
  const blocks = members.map(({ name, type = "0", link = "" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0" + "0000000\0".repeat(2) + "00000000000\0".repeat(2) + "        ", 100);
    header.write(type + link, 156);
    header.write("ustar\u000000root", 257);
    header.write("root", 297);
    header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `, 148);
    return header;
  });
  return Buffer.concat([...blocks, Buffer.alloc(10240 - blocks.length * 512)]);
}

const ESCAPES: [name: string, archive: Buffer, strip?: number][] = [
  ["a link to an absolute path", tar({ name: "l", type: "2", link: "/etc" })],
  ["a link out of the folder", tar({ name: "a/l", type: "2", link: "../../etc" })],
  ["a link out of the folder by strip", tar({ name: "a/l", type: "2", link: "../etc" }), 1],
  ["a link that goes down before it climbs", tar({ name: "l", type: "2", link: "a/../../x" })],
  ["a link that climbs behind odd dots", tar({ name: "a/b/l", type: "2", link: ".../../../../x" })],
  ["a member below a link", tar({ name: "l", type: "2", link: "a" }, { name: "l/x" })],
];

onEveryShell(
  "an archive that would write elsewhere is refused before anything is unpacked",
  (host) => {
    const into = `${host.root}/into`;
    mkdirSync(into);
    const source = `${host.root}/evil.tar`;
    // busybox leaves `..` and a leading slash out of names by itself, GNU tar out of hard links, in the listing as well.
    const named: typeof ESCAPES = host.shell === "busybox" ? [["a hard link out of the folder", tar({ name: "h", type: "1", link: "../../etc/shadow" })]] : [["..", tar({ name: "../x" })], ["an absolute name", tar({ name: "/tmp/hawser-evil" })], [".. inside", tar({ name: "a/../../x" })]];
    for (const [name, content, strip = 0] of [...ESCAPES, ...named]) {
      writeFileSync(source, content);
      const { applied } = attempt(archive, { source, sha256: sha256(source), into, strip }, host);
      assert.match(applied?.err ?? "", /the archive is refused/, name);
      assert.notEqual(applied?.code, 0, name);
      assert.deepEqual(readdirSync(into), [], name);
    }
    writeFileSync(source, tar({ name: "a/b/", type: "5" }, { name: "a/b/l", type: "2", link: "../../x" }, { name: "a/..b" }, { name: "a/h", type: "1", link: "a/..b" }));
    converge(archive, { source, sha256: sha256(source), into }, host);
  },
);

onEveryShell(
  "a wrong hash, a missing folder and a cut archive are errors, and leave no marker",
  (host) => {
    const tree = makeTree(host);
    const into = `${host.root}/into`;
    const source = `${host.root}/x.tar.gz`;
    execFileSync("tar", ["-czf", source, "-C", tree, "tool-1"]);
    assert.match(attempt(archive, { source, sha256: "0".repeat(64), into }, host).applied?.err ?? "", /is not 0{64} but/);
    assert.match(attempt(archive, { source, sha256: sha256(source), into: `${host.root}/no` }, host).applied?.err ?? "", /no does not exist/);
    writeFileSync(source, readFileSync(source).subarray(0, 100));
    assert.notEqual(attempt(archive, { source, sha256: sha256(source), into }, host).applied?.code, 0);
    assert.match(attempt(archive, { source, sha256: sha256(source), into, creates: "never" }, host).applied?.err ?? "", /./);
    assert.ok(!existsSync(`${into}/.hawser-archive-x.tar.gz`));
    assert.ok(!existsSync(`${into}/.hawser-archive-x.tar.gz.tmp`));
  },
);
