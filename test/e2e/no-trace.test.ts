import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Inventory, type Playbook } from "hawser";
import { E2eLab, follow, skip, type Said } from "./engine-fixture.ts";
import { PREPARE } from "./honest-check/prepare.ts";
import { honestBook } from "./honest-check/role.ts";

const lab = new E2eLab("e2e-trace", "198.18.52", { deb: "debian", el: "el" });
const HOSTS = ["deb", "el"] as const;
const LOGIN = "deployer";

/**
 * What any login by ssh and any sudo writes, whatever is done with it. Nothing else may differ after a check: package
 * caches, lists and logs, hawser's own folders and /tmp are all compared.
 */
const BY_ANY_LOGIN: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^\/var\/log\/(?:lastlog|wtmp|btmp)$/, why: "sshd and PAM record each login and its end" },
  { path: /^\/run\/utmp$/, why: "who is logged in now" },
  { path: /^\/run\/motd\.dynamic$/, why: "pam_motd writes the greeting anew" },
  { path: /^\/run$/, why: "its time alone: pam_motd renames the greeting in it, and what stands in it is compared" },
  { path: /^\/(?:run|var)\/log\/journal(?:\/|$)/, why: "sshd, sudo and logind tell the journal of each login" },
  { path: /^\/run\/systemd\/(?:sessions|users|seats|inhibit|transient)(?:\/|$)/, why: "logind keeps a file for each session and user that is logged in" },
  { path: /^\/run\/systemd\/journal\/streams(?:\/|$)/, why: "systemd's services of a login write to the journal through it" },
  { path: /^\/run\/user(?:\/|$)/, why: "logind makes the user's runtime folder for the first session and takes it away after the last" },
  { path: /^\/run\/systemd\/(?:units|propagate|generator.late)(?:\/|$)/, why: "systemd keeps a link for each unit that logs, a session's scope among them" },
  { path: /^\/run\/sudo\/ts(?:\/|$)/, why: "sudo remembers who gave a password" },
  { path: /^\/var\/lib\/sudo\/lectured(?:\/|$)/, why: "sudo remembers whom it has lectured" },
];

/** Units that come and go with any login. */
const UNITS_OF_A_LOGIN = /^(?:session-\S+\.scope|user@\d+\.service|user-runtime-dir@\d+\.service|user-\d+\.slice|run-user-\d+\.mount)\s/;

/** Every path with what stat tells of it, the sha256 of what is at most 1 MiB, and the states of all units. */
const SNAPSHOT = `cd /
find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -printf '%p\\t%y %s %T@ %m %U:%G %l\\n'
find /run /tmp /dev/shm /dev/mqueue -mindepth 1 -printf '%p\\t%y %s %T@ %m %U:%G %l\\n'
find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -type f -size -1025k -print0 | xargs -0 sha256sum | sed 's/^\\\\\\{0,1\\}\\([0-9a-f]*\\)  \\(.*\\)$/\\2\\tsum \\1/'
systemctl list-units --all --plain --no-legend --no-pager | awk '{ print "unit:" $1 " \\t" $2, $3, $4 }'
systemctl list-unit-files --no-legend --no-pager | awk '{ print "unit-file:" $1 " \\t" $2, $3 }'
cat /proc/mounts | sed 's/^/mount:/; s/$/\\t/'
sysctl -a 2>/dev/null | grep -v -e random -e 'kernel\\.pty' -e 'fs\\.\\(dentry\\|file\\|inode\\)' -e ns_last_pid -e nf_conntrack_count -e 'net\\.netfilter' | sed 's/^/sysctl:/; s/ = /\\t/'
`;

describe("a check leaves no trace", { skip }, () => {
  let inventory: Inventory;
  let book: Playbook;

  before(async () => {
    await lab.up();
    await Promise.all(HOSTS.map((host) => lab.exec(host, `${PREPARE}
useradd -m -s /bin/bash ${LOGIN}
mkdir -m 700 /home/${LOGIN}/.ssh && cp ~root/.ssh/authorized_keys /home/${LOGIN}/.ssh/ && chown -R ${LOGIN}: /home/${LOGIN}/.ssh
echo '${LOGIN} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/${LOGIN}`)));
    const none = "0".repeat(64);
    book = honestBook({ url: "http://192.0.2.1/file", localFile: "/nowhere", sha256: none, tarFile: "/nowhere.tar.gz", tarSha256: none }, () => {});
    inventory = await lab.inventory();
  }, { timeout: 300_000 });
  after(() => lab.down());

  void test("as root", { timeout: 120_000 }, async (t) => {
    await compareAround(t, async () => await follow(book, { inventory, check: true }));
  });

  void test("as a user with sudo", { timeout: 120_000 }, async (t) => {
    const asOperator = await lab.inventory(Object.fromEntries(HOSTS.map((host) => [host, { ssh: { user: LOGIN } }])));
    await compareAround(t, async () => await follow(book, { inventory: asOperator, check: true }));
  });
});

/** Looks at both hosts before and after, with a login before the first look, so that what only a first login makes is there. */
async function compareAround(t: { diagnostic: (message: string) => void }, check: () => Promise<Said>): Promise<void> {
  await check();
  const early = await Promise.all(HOSTS.map((host) => snapshot(host)));
  const said = await check();
  assert.equal(said.recap.result, "ok", said.trouble);
  const late = await Promise.all(HOSTS.map((host) => snapshot(host)));
  for (const [i, host] of HOSTS.entries()) {
    const [was, is] = [early[i] ?? new Map<string, string>(), late[i] ?? new Map<string, string>()];
    assert.deepEqual(differences(was, is), [], `${host}: before, and after`);
    t.diagnostic(`${host}: ${is.size} paths, units, mounts and kernel settings are as before`);
  }
}

/** What stat and systemd say, by path or name; what any login writes is left out. */
async function snapshot(host: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await lab.feed(host, SNAPSHOT)).split("\n");
  const found = new Map<string, string>();
  for (const line of lines) {
    const [name = "", state = ""] = line.split("\t");
    if (name === "" || BY_ANY_LOGIN.some(({ path }) => path.test(name)) || UNITS_OF_A_LOGIN.test(name.replace(/^(?:unit|mount):/, ""))) continue;
    found.set(name, `${found.get(name) ?? ""}${state};`);
  }
  return found;
}

function differences(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] {
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name)).map((name) => `${name}: ${was.get(name) ?? "(nothing)"} -> ${is.get(name) ?? "(nothing)"}`);
}
