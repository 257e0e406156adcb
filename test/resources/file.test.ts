import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { file, restoreFile } from "../../src/resources/file.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { Secret, Sh, sh } from "../../src/shell/index.ts";
import { attempt, converge, onEveryShell, render, runCases, type TestHost } from "./harness.ts";

runCases(file);

const leftovers = (folder: string) => readdirSync(folder).filter((name) => name.startsWith(".hawser"));

onEveryShell("a file is created, changed, kept and removed", (host) => {
  const path = `${host.root}/it's a "file"`;
  const states: Parameters<typeof converge<typeof file.args>>[1][] = [
    { path, content: "one\n" },
    { path, content: "two\n", mode: "0600" },
    { path, content: Buffer.from("\0\xff\xfe latin \xe9", "latin1"), owner: "daemon", group: "bin" },
    { path, content: new Secret("it's $HOME `id` \\n"), owner: 0 },
    { path, mode: "4750" },
    { path, content: "" },
  ];
  for (const args of states) {
    converge(file, args, host);
    const { content } = args;
    if (content !== undefined) assert.deepEqual(readFileSync(path), content instanceof Secret ? Buffer.from(content.reveal()) : Buffer.from(content as string));
  }
  assert.equal(statSync(path).mode & 0o7777, 0o4750);
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [0, 2]);
  converge(file, { path, state: "absent" }, host);
  assert.deepEqual(readdirSync(host.root), []);
});

onEveryShell("a file is never written to through a leftover or a planted temporary name", (host) => {
  writeFileSync(`${host.root}/victim`, "untouched");
  symlinkSync("victim", `${host.root}/.hawser-conf`);
  converge(file, { path: `${host.root}/conf`, content: "new" }, host);
  assert.equal(readFileSync(`${host.root}/victim`, "utf8"), "untouched");
  assert.deepEqual(leftovers(host.root), []);
});

onEveryShell("what shrinks travels compressed", (host) => {
  const text = "a line of a big configuration\n".repeat(3000);
  const { change } = converge(file, { path: `${host.root}/text`, content: text }, host);
  assert.equal(readFileSync(`${host.root}/text`, "utf8"), text);
  const script = change?.apply?.render() ?? "";
  assert.ok(script.includes("gzip -dc") && script.length < 3000, script);
  const secret = converge(file, { path: `${host.root}/secret`, content: new Secret(text) }, host);
  assert.ok(!secret.change?.apply?.render().includes("gzip"), "a secret does not");
});

onEveryShell("contents above the inline limit are uploaded, above the look limit compared by hash", (host) => {
  const path = `${host.root}/big`;
  for (const size of [300 * 1024, 1024 * 1024 + 1]) {
    const { change } = converge(file, { path, content: Buffer.alloc(size, "abc\n") }, host);
    assert.equal(change?.uploads?.length, 1);
    assert.equal(statSync(path).size, size);
  }
});

onEveryShell("a symlinked file is written where it is", (host) => {
  mkdirSync(`${host.root}/real`);
  writeFileSync(`${host.root}/real/file`, "old", { mode: 0o640 });
  chmodSync(`${host.root}/real/file`, 0o640);
  symlinkSync("real/file", `${host.root}/link`);
  converge(file, { path: `${host.root}/link`, content: "new" }, host);
  assert.ok(lstatSync(`${host.root}/link`).isSymbolicLink());
  assert.equal(readFileSync(`${host.root}/real/file`, "utf8"), "new");
  assert.equal(statSync(`${host.root}/real/file`).mode & 0o777, 0o640);

  symlinkSync("real/later", `${host.root}/dangling`);
  converge(file, { path: `${host.root}/dangling`, content: "made" }, host);
  assert.equal(readFileSync(`${host.root}/real/later`, "utf8"), "made");

  converge(file, { path: `${host.root}/link`, content: "own", follow: false }, host);
  assert.ok(!lstatSync(`${host.root}/link`).isSymbolicLink());
  assert.equal(readFileSync(`${host.root}/real/file`, "utf8"), "new");

  converge(file, { path: `${host.root}/dangling`, state: "absent" }, host);
  assert.ok(existsSync(`${host.root}/real/later`));
});

onEveryShell(
  "ACL and extended attributes stay",
  (host) => {
    const path = `${host.root}/acl`;
    writeFileSync(path, "old");
    execFileSync("setfacl", ["-m", "u:daemon:r,m::rw", path]);
    execFileSync("setfattr", ["-n", "user.note", "-v", "kept", path]);
    const acl = () => execFileSync("getfacl", ["-cp", path]).toString();
    const before = acl();
    converge(file, { path, content: "new" }, host, recorded("ubuntu-22.04"));
    assert.equal(acl(), before);
    assert.equal(readFileSync(path, "utf8"), "new");
    // busybox has no command for extended attributes.
    if (host.shell !== "busybox") assert.match(execFileSync("getfattr", ["-d", "--absolute-names", path]).toString(), /user.note="kept"/);
  },
  { systemCommands: true },
);

onEveryShell(
  "a default ACL of the folder does not open the temporary file",
  (host) => {
    execFileSync("setfacl", ["-d", "-m", "u:daemon:rwx,o::rwx", host.root]);
    converge(file, { path: `${host.root}/x`, content: "secret", mode: "0600", validate: (file) => sh`[ "$(stat -c %a ${file})" = 600 ]` }, host);
  },
  { systemCommands: true },
);

onEveryShell("a file of another user in a folder like /tmp is written", (host) => {
  chmodSync(host.root, 0o1777);
  for (const content of ["one", "two"]) converge(file, { path: `${host.root}/x`, content, owner: "daemon", group: "daemon", mode: "0600" }, host);
  converge(file, { path: `${host.root}/x`, content: "three", owner: "bin" }, host);
});

onEveryShell("a failed validation keeps the old file and leaves nothing behind", (host) => {
  const path = `${host.root}/sudoers`;
  writeFileSync(path, "old\n");
  const failing: ((file: string) => Sh)[] = [
    (file) => sh`grep -q good ${file}`,
    () => Sh.raw("exit 3"),
    (file) => Sh.lines(sh`grep -q good ${file}`, "true"),
  ];
  for (const validate of failing) {
    const { applied } = attempt(file, { path, content: "bad\n", validate }, host);
    assert.notEqual(applied?.code, 0);
    assert.equal(readFileSync(path, "utf8"), "old\n");
    assert.deepEqual(leftovers(host.root), []);
  }
  converge(file, { path, content: "good\n", validate: (file) => Sh.lines(sh`grep -q good ${file}`, "exit 0") }, host);
});

onEveryShell("a missing folder is named", (host) => {
  const { applied } = attempt(file, { path: `${host.root}/no/x`, content: "x" }, host);
  assert.equal(applied?.code, 1);
  assert.equal(applied?.err, `the folder ${host.root}/no does not exist\n`);
});

onEveryShell(
  "a file that is a mount of its own is overwritten in place, and says so",
  (host) => {
    const path = `${host.root}/h osts`;
    writeFileSync(path, "mount point");
    writeFileSync(`${host.root}/outside`, "old\n");
    host.run(render(sh`mount --bind ${`${host.root}/outside`} ${path}`));
    const { applied, now } = converge(file, { path, content: "new\n", mode: "0600" }, host);
    assert.match(applied?.err ?? "", /is a mount of its own: overwritten in place/);
    assert.match(now.out, /^file 4:600:root:root\n/);
    assert.equal(readFileSync(`${host.root}/outside`, "utf8"), "new\n");
    assert.deepEqual(leftovers(host.root), []);
  },
  { privateMounts: true, systemCommands: true },
);

const fill = (host: TestHost, folder: string, leave: string) =>
  host.run(`mount -t tmpfs -o size=${leave} none ${folder}`);

onEveryShell(
  "a full disk keeps the old file and leaves no temporary one",
  (host) => {
    const folder = `${host.root}/small`;
    mkdirSync(folder);
    fill(host, folder, "64k");
    host.run(`printf old >${folder}/x`);
    for (const size of [80 * 1024, 400 * 1024]) {
      const { applied } = attempt(file, { path: `${folder}/x`, content: Buffer.alloc(size, "x") }, host);
      assert.notEqual(applied?.code, 0);
      assert.match(applied?.err ?? "", /No space left/i);
      assert.equal(host.run(`cat ${folder}/x; ls -A ${folder}`).out, "oldx\n");
    }
  },
  { privateMounts: true, systemCommands: true },
);

onEveryShell(
  "a full disk under a bind-mounted file puts the old content back",
  (host) => {
    const folder = `${host.root}/small`;
    mkdirSync(folder);
    fill(host, folder, "64k");
    writeFileSync(`${host.root}/conf`, "mount point");
    host.run(`printf old >${folder}/x; mount --bind ${folder}/x ${host.root}/conf`);
    const { applied } = attempt(file, { path: `${host.root}/conf`, content: Buffer.alloc(100_000, "x") }, host);
    assert.notEqual(applied?.code, 0);
    assert.equal(host.run(`cat ${host.root}/conf`).out, "old");
    assert.deepEqual(leftovers(host.root), []);
  },
  { privateMounts: true, systemCommands: true },
);

onEveryShell("TMPDIR is not used", (host) => void converge(file, { path: `${host.root}/x`, content: "x\n".repeat(5000) }, host), { env: { TMPDIR: "/nonexistent" } });

onEveryShell(
  "a file that cannot be renamed over for another reason fails, and stays",
  (host) => {
    const path = `${host.root}/immutable`;
    writeFileSync(path, "old");
    const fakes = `${host.root}/bin`;
    mkdirSync(fakes);
    writeFileSync(`${fakes}/mv`, "#!/bin/sh\necho 'mv: Operation not permitted' >&2\nexit 1\n", { mode: 0o755 });
    const { change } = attempt(file, { path, content: "new" }, { ...host, run: (script) => host.run(script) });
    assert.ok(change?.apply);
    writeFileSync(path, "old");
    const applied = host.run(`PATH=${fakes}:$PATH\n${render(change.apply)}`, { setE: true });
    assert.deepEqual([applied.code, applied.err], [1, "mv: Operation not permitted\n"]);
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.deepEqual(leftovers(host.root), []);
  },
);

onEveryShell("what this run replaced is put back", (host) => {
  const path = `${host.root}/conf`;
  const facts = recorded("debian-12");
  const probe = () => host.run(render(file.probe(file.args.parse({ path, content: "" }), { facts })));
  const restore = (before: ReturnType<typeof probe>) => {
    const change = restoreFile(path, before, probe(), facts);
    if (change?.apply) assert.equal(host.run(render(change.apply), { setE: true }).code, 0);
    assert.equal(probe().out, before.out);
    return change?.summary;
  };
  const absent = probe();
  converge(file, { path, content: "one" }, host);
  assert.equal(restore(absent), "remove");
  assert.equal(restore(absent), undefined);

  writeFileSync(path, "\xe9 old", "latin1");
  chownSync(path, 1, 2);
  chmodSync(path, 0o640);
  const owned = probe();
  converge(file, { path, content: "two", mode: "0600", owner: "root" }, host);
  assert.equal(restore(owned), "put back (content, mode 0600 -> 0640, owner root -> daemon)");
  converge(file, { path, state: "absent" }, host);
  assert.equal(restore(owned), "put back (create)");

  converge(file, { path, state: "absent" }, host);
  writeFileSync(`${host.root}/target`, "t");
  symlinkSync(`${host.root}/target`, path);
  const linked = probe();
  converge(file, { path, content: "own", follow: false }, host);
  assert.equal(restore(linked), "put back the symlink");
});

void test("a file too big to be kept cannot be put back", () => {
  const big = { out: `file 2000000:644:root:root\n${"a".repeat(64)}  -\n`, err: "", code: 0 };
  assert.throws(() => restoreFile("/x", big, { out: "absent\n", err: "", code: 0 }, recorded("el-9")), /too many to be kept/);
});
