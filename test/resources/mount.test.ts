import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mount } from "../../src/resources/mount.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { converge, onEveryShell, runCases, type TestHost } from "./harness.ts";

runCases(mount);

const facts = recorded("debian-12", { init: "other" });

/** The test's own /etc, of which fstab alone is missing or has this text. */
function ownEtc(host: TestHost, fstab?: string): void {
  mkdirSync(`${host.root}/upper`);
  mkdirSync(`${host.root}/work`);
  const done = host.run(`mount -t tmpfs none ${host.root}/work && mkdir ${host.root}/work/u ${host.root}/work/w && mount -t overlay -o lowerdir=/etc,upperdir=${host.root}/work/u,workdir=${host.root}/work/w none /etc && rm -f /etc/fstab`);
  assert.equal(done.code, 0, done.err);
  if (fstab === undefined) return;
  writeFileSync(`${host.root}/fstab`, fstab);
  host.run(`cat ${host.root}/fstab >/etc/fstab; chmod 0664 /etc/fstab`);
}

onEveryShell(
  "a file system is mounted, remounted, unmounted and forgotten, and other lines of fstab stay",
  (host) => {
    ownEtc(host, "# a * comment\n\n/dev/none\t/other ext4  defaults 0 1\n#tmpfs /x tmpfs defaults 0 0");
    const path = `${host.root}/my mount`;
    const tmpfs = { path, source: "tmpfs", fstype: "tmpfs" };
    converge(mount, { ...tmpfs, options: "size=64k,mode=0755" }, host, facts);
    assert.match(host.run(`grep 'my.040mount' /proc/self/mountinfo`).out, /tmpfs/);
    converge(mount, { ...tmpfs, options: "ro,size=64k" }, host, facts);
    assert.match(host.run(`grep 'my.040mount' /proc/self/mountinfo`).out, / ro,/);
    converge(mount, { path, state: "unmounted" }, host, facts);
    converge(mount, { ...tmpfs, options: "ro,size=64k" }, host, facts);
    converge(mount, { path, state: "absent" }, host, facts);
    assert.equal(host.run("cat /etc/fstab; stat -c %a /etc/fstab").out, "# a * comment\n\n/dev/none\t/other ext4  defaults 0 1\n#tmpfs /x tmpfs defaults 0 0\n664\n");
  },
  { privateMounts: true, systemCommands: true },
);

onEveryShell(
  "a folder is bound, and another source takes its place",
  (host) => {
    ownEtc(host);
    for (const name of ["one", "two", "point"]) mkdirSync(`${host.root}/${name}`);
    for (const name of ["one", "two"]) {
      writeFileSync(`${host.root}/${name}/is`, name);
      converge(mount, { path: `${host.root}/point`, source: `${host.root}/${name}`, fstype: "none", options: "bind" }, host, facts);
      assert.equal(host.run(`cat ${host.root}/point/is`).out, name);
    }
  },
  { privateMounts: true, systemCommands: true },
);
