import assert from "node:assert/strict";
import { labHosts, site, type HostRow } from "./row.ts";

const on = (host: "b1" | "b2", body: string): Pick<HostRow, "on" | "files"> => ({ on: host, files: { "site.ts": site(body, host), "inv/hosts.yml": labHosts() } });
const again = async (scene: Parameters<NonNullable<HostRow["afterwards"]>>[0], pattern: RegExp, code = 0): Promise<void> => {
  const { code: ended, stdout, stderr } = await scene.again();
  assert.match(stdout + stderr, pattern);
  assert.equal(ended, code, stdout + stderr);
};
const asWorker = (body: string): Pick<HostRow, "on" | "files"> => {
  const files = on("b1", body).files;
  return { on: "b1", files: { ...files, "inv/hosts.yml": (files?.["inv/hosts.yml"] ?? "").replace("198.18.41.11 }", "198.18.41.11 }, become: { method: none }").replace("user: root", "user: worker") } };
};
const NOTHING = /no changes: everything is as declared/;

/** Each works on one host alone; the rows of a host run one after the other. */
export const hosts: readonly HostRow[] = [
  {
    id: "lock-held",
    wrong: "a host that another run works on",
    ...on("b1", `t.file("/srv/never", { content: "x" });`),
    args: ["run", "site.ts", "-i", "inv", "--lock-timeout", "0"],
    before: `mkdir -p /run/hawser; echo 'alice@laptop (process 1) since 2026-01-01' >/run/hawser/lock.note; setsid sh -c 'exec 9>>/run/hawser/lock; flock 9; exec sleep 60' >/dev/null 2>&1 & echo $! >/run/holder; sleep 0.3`,
    undo: "kill $(cat /run/holder); rm -f /run/holder /run/hawser/lock.note",
    exit: 2,
    says: "another run works on this host: alice@laptop (process 1) since 2026-01-01",
    hint: "wait for it, or give this run a longer --lock-timeout than 0 s",
  },
  {
    id: "disk-full",
    wrong: "a full disk",
    ...on("b1", `t.⟪file("/srv/full/conf", { content: "x".repeat(200_000) });`),
    before: "mkdir -p /srv/full; mount -t tmpfs -o size=64k tmpfs /srv/full; echo old >/srv/full/conf",
    afterwards: async ({ host }) => assert.equal(await host("ls -A /srv/full; cat /srv/full/conf"), "conf\nold"),
    undo: "umount /srv/full; rmdir /srv/full",
    exit: 2,
    says: "…No space left on device…",
  },
  {
    id: "read-only",
    wrong: "a read-only file system",
    ...on("b1", `t.⟪file("/srv/ro/conf", { content: "new" });`),
    before: "mkdir -p /srv/ro; mount -t tmpfs -o size=64k tmpfs /srv/ro; echo old >/srv/ro/conf; mount -o remount,ro /srv/ro",
    undo: "umount /srv/ro; rmdir /srv/ro",
    exit: 2,
    says: "…Read-only file system",
  },
  { id: "package-missing", wrong: "a package that does not exist", ...on("b1", `t.⟪package("no-such-package");`), exit: 2, says: "E: Unable to locate package no-such-package", also: ["role play, declared at site.ts:3:3"] },
  { id: "command-fails", wrong: "a command that fails", ...on("b1", `t.⟪task("load", { check: sh\`false\`, apply: sh\`echo loading; echo 'the table is gone' >&2; exit 3\` });`), exit: 2, says: "exited 3: the table is gone", also: ["the table is gone", "role play, declared at site.ts:3:3"] },
  { id: "zx-fails", wrong: "a zx command that fails", ...on("b1", `t.⟪task("load", { check: sh\`false\`, apply: async ({ $ }) => { await $\`echo 'the table is gone' >&2; exit 3\`; } });`), exit: 2, says: "the table is gone" },
  { id: "apply-throws", wrong: "an apply function that throws", ...on("b1", `t.⟪task("load", { check: sh\`false\`, apply: async () => { throw new Error("no region has room"); } });`), exit: 2, says: "no region has room" },
  { id: "owner-unknown", wrong: "an owner that the host does not have", ...on("b1", `t.⟪file("/srv/conf", { content: "x", owner: "nobody-here" });`), exit: 2, says: "chown: invalid user: …nobody-here…" },
  { id: "folder-missing", wrong: "a file in a folder that is not there", ...on("b1", `t.⟪file("/srv/gone/conf", { content: "x" });`), exit: 2, says: "the folder /srv/gone does not exist" },
  { id: "validation-fails", wrong: "a file that its validation refuses", ...on("b1", `t.⟪file("/srv/sudoers", { content: "nonsense\\n", validate: (file) => sh\`visudo -cf \${file}\` });`), before: "echo old >/srv/sudoers", undo: "rm /srv/sudoers", exit: 2, says: "…syntax error…" },
  { id: "run-as-unknown", wrong: "runAs with a user that the host does not have", ...on("b1", `t.⟪task("x", { check: sh\`true\`, apply: sh\`true\`, runAs: "nobody-here" });`), exit: 2, says: "…nobody-here…" },
  {
    id: "become-none",
    wrong: "a user who is not root and does not become it",
    ...asWorker(`t.⟪file("/srv/never", { content: "x" });`),
    afterwards: async ({ host }) => void (await host("rm -r /home/worker/.hawser")),
    exit: 2,
    says: "exited 2: …cannot create /srv/.hawser-never: Permission denied",
    hint: "worker may not do this: let the host `become` root in the inventory",
  },
  {
    id: "apply-too-long",
    wrong: "an apply that takes longer than it may",
    ...on("b1", `t.⟪task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`sleep 77; touch /srv/slow\`, applyTimeout: 1 });`),
    afterwards: async ({ until }) => until("! pgrep -f '[s]leep 77'"),
    exit: 2,
    says: "did not end within 1 s and was stopped (exit code 124)",
    hint: "give it a longer `applyTimeout`, or look at what it waits for",
  },
  {
    id: "service-dies",
    wrong: "a service that does not start",
    ...on("b1", `t.⟪service("broken", { state: "running" });`),
    before: "printf '[Service]\\nExecStart=/bin/sh -c \"echo the port is taken >&2; exit 1\"\\n' >/etc/systemd/system/broken.service; systemctl daemon-reload",
    undo: "rm /etc/systemd/system/broken.service; systemctl daemon-reload; systemctl reset-failed",
    exit: 2,
    says: "…the port is taken",
    also: ["role play, declared at site.ts:3:3"],
  },
  {
    id: "dpkg-interrupted",
    wrong: "a package manager that was interrupted",
    ...on("b1", `t.⟪package("tree");`),
    before: "cp /var/lib/dpkg/status /var/lib/dpkg/status-kept; mkdir -p /var/lib/dpkg/updates; cp /var/lib/dpkg/status /var/lib/dpkg/updates/0001",
    undo: "rm -f /var/lib/dpkg/updates/0001; mv /var/lib/dpkg/status-kept /var/lib/dpkg/status",
    exit: 2,
    says: "…dpkg was interrupted…",
    hint: "…dpkg --configure -a…",
  },
  {
    id: "handler-owed",
    wrong: "a failure between a change and its handler",
    ...on("b1", `const reload = t.handler("reload", sh\`echo reloaded >>/srv/reloads\`);\nt.file("/srv/conf", { content: "x", notify: reload });\nt.task("stop", { check: sh\`[ -e /srv/go ]\`, apply: sh\`exit 9\` });`),
    exit: 2,
    says: "b1 …handlers pending: play/handler:reload",
    afterwards: async (scene) => {
      assert.equal(await scene.host("ls /srv/reloads 2>&1 || :"), "ls: cannot access '/srv/reloads': No such file or directory");
      await scene.host("touch /srv/go");
      await again(scene, /play\/handler:reload \(handler\) {2}ran/);
      assert.equal(await scene.host("cat /srv/reloads"), "reloaded");
      await again(scene, NOTHING);
    },
    undo: "rm -f /srv/go /srv/conf /srv/reloads",
    changes: ["/srv/conf", "/srv/go", "/srv/reloads"],
  },
  {
    id: "tmpdir-unusable",
    wrong: "a /tmp that is full, read-only and not executable",
    ...on("b1", `t.file("/srv/conf", { content: "x" });\nt.line("/srv/list", { line: "y", create: true });`),
    before: "mount -t tmpfs -o size=4k,noexec tmpfs /tmp; dd if=/dev/zero of=/tmp/fill bs=4k count=1 2>/dev/null; mount -o remount,ro /tmp",
    undo: "umount /tmp; rm -f /srv/conf /srv/list",
    exit: 0,
    says: "2 changes made on 1 host: everything is as declared…",
    changes: ["/srv/conf", "/srv/list"],
  },
  {
    id: "session-killed",
    wrong: "a connection that breaks in the middle of a batch",
    ...on("b2", `t.task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`touch /srv/begun; sleep 2; touch /srv/slow\` });\nt.file("/srv/after", { content: "x" });`),
    during: async ({ until, host }) => {
      await until("[ -e /srv/begun ]");
      await host("pkill -KILL -f '^sshd: root@'");
    },
    afterwards: async (scene) => {
      assert.equal(await scene.host("cat /srv/after; ls /srv"), "x\nafter\nbegun\nslow".replace("x\n", "x"));
      await again(scene, NOTHING);
    },
    undo: "rm -f /srv/begun /srv/slow /srv/after",
    exit: 0,
    says: "2 changes made on 1 host: everything is as declared…",
    changes: ["/srv/after", "/srv/begun", "/srv/slow"],
  },
  {
    id: "controller-killed",
    wrong: "a controller that is killed in the middle of a batch",
    ...on("b2", `t.task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`touch /srv/begun; sleep 2; touch /srv/slow\` });\nt.file("/srv/after", { content: "x" });`),
    during: async ({ until, signal }) => {
      await until("[ -e /srv/begun ]");
      signal("SIGKILL");
    },
    afterwards: async (scene) => {
      await scene.until("[ -e /srv/after ]");
      await again(scene, /warning +the last run ended without cleaning up: .+ since[^]*no changes: everything is as declared/);
    },
    undo: "rm -f /srv/begun /srv/slow /srv/after",
    exit: -1,
    says: "play p on 1 host",
    changes: ["/srv/after", "/srv/begun", "/srv/slow"],
  },
  {
    id: "interrupted-once",
    wrong: "Ctrl-C during a batch",
    ...on("b2", `t.task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`touch /srv/begun; sleep 2; touch /srv/slow\` });\nt.block("later", {}, () => { t.task("zx", { check: sh\`[ -e /srv/after ]\`, apply: async ({ $ }) => { await $\`touch /srv/after\`; } }); });`),
    during: async ({ until, signal }) => {
      await until("[ -e /srv/begun ]");
      signal("SIGINT");
    },
    afterwards: async (scene) => {
      assert.equal(await scene.host("ls /srv"), "begun\nslow");
      await again(scene, /1 change made on 1 host/);
    },
    undo: "rm -f /srv/begun /srv/slow /srv/after",
    exit: 130,
    says: "interrupted: 0 hosts ok, 1 unfinished; go on with hawser resume…",
    also: ["stopping after the current batch; press Ctrl-C again to stop now (what runs on hosts runs to its end there)"],
    changes: ["/srv/after", "/srv/begun", "/srv/slow"],
  },
  {
    id: "interrupted-twice",
    wrong: "Ctrl-C twice",
    ...on("b2", `t.task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`touch /srv/begun; sleep 4; touch /srv/slow\` });`),
    during: async ({ until, signal }) => {
      await until("[ -e /srv/begun ]");
      signal("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 300));
      signal("SIGINT");
    },
    afterwards: async (scene) => {
      assert.equal(await scene.host("ls /srv"), "begun");
      await scene.until("[ -e /srv/slow ]");
      await again(scene, NOTHING);
    },
    undo: "rm -f /srv/begun /srv/slow",
    exit: 130,
    says: "interrupted: …",
    changes: ["/srv/begun", "/srv/slow"],
  },
  {
    id: "shell-killed",
    wrong: "a batch whose shell is killed, as when memory runs out",
    ...on("b2", `t.⟪task("greedy", { check: sh\`[ -e /srv/greedy ]\`, apply: Sh.raw("kill -9 $$") });\nt.file("/srv/after", { content: "x" });`),
    exit: 2,
    says: "the host's shell was killed while this ran (exit code 137)",
    hint: "look in the host's journal for who killed it; the kernel does so when memory runs out",
  },
  {
    id: "rebooted",
    wrong: "a host that reboots in the middle of a batch",
    ...on("b2", `t.task("slow", { check: sh\`[ -e /srv/slow ]\`, apply: sh\`touch /srv/begun; sleep 3; touch /srv/slow\` });\nt.file("/srv/after", { content: "x" });`),
    during: async ({ until, host }) => {
      await until("[ -e /srv/begun ]");
      await host("systemctl reboot --force");
    },
    undo: "rm -f /srv/begun /srv/slow /srv/after",
    exit: 0,
    says: "2 changes made on 1 host: everything is as declared…",
    also: ["b2 … warning … the host rebooted in the middle of a batch; it is looked at again"],
    changes: ["/srv/after", "/srv/begun", "/srv/slow"],
  },
  {
    id: "output-closed",
    wrong: "output that nobody reads, as with | head -1",
    ...on("b2", Array.from({ length: 30 }, (_, i) => `t.file("/srv/f${i}", { content: "${i}" });`).join("\n")),
    during: async ({ closeOutput }) => closeOutput(),
    afterwards: async (scene) => {
      assert.equal(await scene.host("ls /srv/f* | wc -l"), "30");
      await again(scene, NOTHING);
    },
    undo: "rm -f /srv/f*",
    exit: 0,
    says: "",
    changes: Array.from({ length: 30 }, (_, i) => `/srv/f${i}`).sort((a, b) => (a < b ? -1 : 1)),
  },
];
