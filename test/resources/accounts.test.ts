import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizedKey, authorizedKeys } from "../../src/resources/authorized-key.ts";
import { group } from "../../src/resources/group.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { user } from "../../src/resources/user.ts";
import { Secret } from "../../src/shell/index.ts";
import { attempt, converge, onEveryShell, refused, runCases, type TestHost } from "./harness.ts";

runCases(group);
runCases(user);
runCases(authorizedKey);

const FACTS = { facts: recorded("debian-12") };
const HASH = "$6$saltsalt$cnTrGNMoohH39dGwPPNeEkLOtNvpo3KR4hyppSAqvvCzXDQTGGKBVcSCRi6Z4QSfXMLSUQcuDw9hDR4gWxGKI/";
const OTHER = "$6$saltsalt$zzzzzzzzzzz39dGwPPNeEkLOtNvpo3KR4hyppSAqvvCzXDQTGGKBVcSCRi6Z4QSfXMLSUQcuDw9hDR4gWxGKI/";
const ED = "AAAAC3NzaC1lZDI1NTE5AAAAIJx0yP8m2zqkLkzGq0q3m5o0bqkqkq8kq8kq8kq8kq8k";
const RSA = "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7";
const OPTIONS = { privateMounts: true, systemCommands: true };

/** Copies of /etc and /home in the test's own mount namespace: the machine's accounts are never touched. */
function ownAccounts(host: TestHost): void {
  const done = host.run(`mkdir ${host.root}/etc && cp -a /etc/. ${host.root}/etc/ && mount --bind ${host.root}/etc /etc && mount -t tmpfs tmpfs /home`);
  assert.equal(done.code, 0, done.err);
}

onEveryShell("a user is made, changed, locked and removed", (host) => {
  ownAccounts(host);
  converge(group, { name: "hwgroup", gid: 3456 }, host);
  converge(user, { name: "hwuser", groups: ["hwgroup"], shell: "/bin/sh", comment: "It's a \\user" }, host);
  assert.match(host.run("getent passwd hwuser; id -nG hwuser; stat -c %U /home/hwuser").out, /It's a \\user:\/home\/hwuser:\/bin\/sh\nhwuser hwgroup\nhwuser\n$/);
  for (const args of [
    { uid: 4567, group: "hwgroup" },
    { group: 100 },
    { home: "/home/elsewhere" },
    { passwordHash: new Secret(HASH), locked: false },
    { passwordHash: new Secret(HASH), locked: true },
    { passwordHash: new Secret(OTHER), locked: true },
    { passwordHash: new Secret(OTHER) },
    { locked: false },
    { groups: [], append: false },
    { groups: ["users", "daemon"] },
    { groups: ["daemon", "bin"], append: false },
  ]) converge(user, { name: "hwuser", ...args }, host);
  assert.equal(host.run("getent shadow hwuser | cut -d: -f2; ls -d /home/*; id -nG hwuser").out, `${OTHER}\n/home/elsewhere\nusers bin daemon\n`.replace("bin daemon", "daemon bin"));
  converge(user, { name: "hwuser", state: "absent", removeHome: true }, host);
  converge(group, { name: "hwgroup", state: "absent" }, host);
  assert.equal(host.run("ls /home").out, "");
}, OPTIONS);

onEveryShell("members, a system user, and a group of the user's name that was there first", (host) => {
  ownAccounts(host);
  converge(group, { name: "hwapp", system: true }, host);
  converge(user, { name: "hwapp", system: true, locked: true }, host);
  assert.equal(host.run("id -gn hwapp; ls /home").out, "hwapp\n");
  converge(group, { name: "hwapp", members: ["daemon", "bin"] }, host);
  converge(group, { name: "hwapp", members: [] }, host);
  assert.match(refused(user, { name: "hwapp", groups: ["nosuch"] }, host).message, /no group nosuch/);
}, OPTIONS);

onEveryShell("a wrong hash is not printed by the look", (host) => {
  ownAccounts(host);
  converge(user, { name: "hwuser", passwordHash: new Secret(HASH) }, host);
  const { before } = attempt(user, { name: "hwuser", passwordHash: new Secret(OTHER) }, host);
  assert.equal(before.out, "present\npassword differs\n");
}, OPTIONS);

onEveryShell("keys are added, changed and removed as their owner", (host) => {
  ownAccounts(host);
  converge(user, { name: "hwuser", shell: "/usr/sbin/nologin" }, host);
  const key = (blob: string, more = {}) => ({ user: "hwuser", key: `ssh-ed25519 ${blob} alice`, ...more });
  converge(authorizedKey, key(ED), host);
  host.run(`printf '%s\\n' '# ssh-ed25519 ${ED} was here' 'ssh-rsa ${RSA} old' >>/home/hwuser/.ssh/authorized_keys; chmod 644 /home/hwuser/.ssh/authorized_keys`);
  converge(authorizedKey, key(ED, { options: 'from="10.0.0.0/8,!10.1.0.1",no-pty', comment: '"me" at $HOME' }), host);
  assert.equal(host.run("cat /home/hwuser/.ssh/authorized_keys; stat -c '%a %U %G' /home/hwuser/.ssh /home/hwuser/.ssh/*; ls -A /home/hwuser/.ssh").out,
    `# ssh-ed25519 ${ED} was here\nssh-rsa ${RSA} old\nfrom="10.0.0.0/8,!10.1.0.1",no-pty ssh-ed25519 ${ED} "me" at $HOME\n700 hwuser hwuser\n600 hwuser hwuser\nauthorized_keys\n`);
  converge(authorizedKey, key(ED, { state: "absent" }), host);
  converge(authorizedKeys, { user: "hwuser", keys: [`no-pty ssh-ed25519 ${ED} a`, `ssh-rsa ${RSA} b`] }, host);
  assert.equal(host.run("cat /home/hwuser/.ssh/authorized_keys").out, `no-pty ssh-ed25519 ${ED} a\nssh-rsa ${RSA} b\n`);
  converge(authorizedKeys, { user: "hwuser", keys: [] }, host);
}, OPTIONS);

onEveryShell("root writes nothing through what a user planted", (host) => {
  ownAccounts(host);
  converge(user, { name: "hwuser" }, host);
  const args = { user: "hwuser", key: `ssh-ed25519 ${ED} alice` };
  host.run(`mkdir ${host.root}/root-only && chmod 700 ${host.root}/root-only && ln -s ${host.root}/root-only /home/hwuser/.ssh`);
  assert.match(refused(authorizedKey, args, host).message, /symlink/);
  host.run("rm /home/hwuser/.ssh && mkdir -m 700 /home/hwuser/.ssh");
  assert.match(refused(authorizedKey, { ...args }, host).message, /does not belong to hwuser/);
  host.run("chown hwuser /home/hwuser/.ssh");
  // A link that appears after the look gains nothing, because the apply works as the user.
  const planned = authorizedKey.args.parse(args);
  const before = host.run(authorizedKey.probe(planned, FACTS).render());
  const change = authorizedKey.plan(planned, before, FACTS);
  host.run(`rmdir /home/hwuser/.ssh; ln -s ${host.root}/root-only /home/hwuser/.ssh`);
  assert.notEqual(host.run(change?.apply?.render() ?? "", { setE: true }).code, 0);
  assert.equal(host.run(`ls -A ${host.root}/root-only`).out, "");
}, OPTIONS);

for (const [what, kind, args, out, upstream, outcome] of [
  ["a key of a user that is still to be made", authorizedKey, { user: "x", key: `ssh-ed25519 ${ED} a` }, "no-user\n", "user", "would-change"],
  ["no key of a user that is still to be made", authorizedKey, { user: "x", key: `ssh-ed25519 ${ED} a`, state: "absent" }, "no-user\n", "user", "ok"],
  ["a user in a group that is still to be made", user, { name: "x", groups: ["docker"] }, "absent\nout docker\n", "package", "would-change"],
  ["a user that joins a group that is still to be made", user, { name: "x", groups: ["docker"] }, "present\nout docker\n", "group", "would-change"],
] as const) {
  void test(`prediction: ${what}`, () => {
    const parsed = (kind as typeof user).args.parse(args);
    const predicted = (kind as typeof user).predict?.(parsed, { out, err: out.includes("docker") ? "missing docker\n" : "", code: 0 }, [{ id: `r/${upstream}:y`, kind: upstream, outcome: "would-change" }], FACTS);
    assert.equal(predicted?.outcome, outcome);
  });
}
