import { defineRole, play, playbook, Secret, sh, use, z, type Facts, type Playbook, type ResourceNode, type Tasks } from "hawser";
import { resourcesOf } from "../../../src/dsl/items.ts";
import { hostname } from "../../../src/resources/hostname.ts";
import { kernelModule } from "../../../src/resources/kernel-module.ts";
import { reboot } from "../../../src/resources/reboot.ts";
import { repository } from "../../../src/resources/repository.ts";
import { sysctl as sysctlKind } from "../../../src/resources/sysctl.ts";
import { waitFor } from "../../../src/resources/wait-for.ts";
import { RULES } from "./rules.ts";

/** Public keys that nobody has the private half of. */
const KEYS = ["one", "two", "three"].map((name, i) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"ABC"[i]?.repeat(43)} ${name}@e2e`);
const BASE = "/srv/honest";
const SLEEPER = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

/** Where the role's downloads and archives are, on the controller and by http. */
export interface Sources {
  readonly url: string;
  readonly localFile: string;
  readonly sha256: string;
  readonly tarFile: string;
  readonly tarSha256: string;
}

/**
 * Every kind, each absent, present and drifted on a host that `prepare.ts` has prepared, with and without needs that would
 * change. What `declared` is given are the nodes of one host.
 */
export function honestBook(sources: Sources, declared: (host: string, nodes: readonly ResourceNode[]) => void): Playbook {
  const role = defineRole(import.meta, {
    name: "honest",
    summary: "Every kind of resource in several states.",
    vars: z.strictObject({}),
    tasks({ t, facts, host }) {
      const { tool, daemon } = packages(t, facts);
      services(t, facts, daemon);
      const account = accounts(t);
      files(t, { tool, account, host: host.name });
      edits(t, daemon);
      firewall(t, daemon);
      system(t, facts);
      fetched(t, facts, sources);
      tasks(t, tool, (nodes) => declared(host.name, nodes));
      declared(host.name, resourcesOf(t.items));
    },
  });
  return playbook(import.meta, [play({ name: "honest", hosts: "all", roles: [use(role, {})] })]);
}

type Nodes = readonly ResourceNode[];

function packages(t: Tasks, facts: Facts): { tool: Nodes; daemon: Nodes } {
  if (facts.family === "debian") {
    t.add(repository, { name: "honest", uris: [`file:${BASE}/repo`], suites: ["./"], trusted: true });
    t.add(repository, { name: "honest-off", uris: ["http://127.0.0.1:9/none"], suites: ["./"], trusted: true, enabled: false });
    t.add(repository, { name: "honest-old", state: "absent" });
    t.add(repository, { name: "honest-never", state: "absent" });
    const tool = t.package("tree");
    const daemon = t.package(["chrony", "at"], { recommends: false });
    t.package("procps");
    t.package("netbase", { state: "latest" });
    t.package("less", { hold: true });
    t.package("unzip", { state: "absent" });
    t.package("cpio", { state: "absent" });
    t.package("attr", { state: "absent", purge: true });
    return { tool, daemon };
  }
  t.add(repository, { name: "honest", baseurl: [`file://${BASE}/repo`], trusted: true });
  t.add(repository, { name: "honest-old", state: "absent" });
  const tool = t.package("tinyweb", { version: "1.0*" });
  t.package("tinylib");
  const daemon = t.package("chrony");
  t.package("tinytool", { state: "absent" });
  t.package("nothing-of-this-name", { state: "absent" });
  return { tool, daemon };
}

function services(t: Tasks, facts: Facts, daemon: Nodes): void {
  const clock = facts.family === "debian" ? "chrony" : "chronyd";
  const restart = t.handler("restart the clock", sh`systemctl restart ${clock}`);
  t.service(clock, { state: "running", enabled: true, needs: [daemon] });
  t.unit("cron", { dropIn: "honest", content: "[Service]\nNice=1\n" });
  t.service("cron");
  const unit = t.unit("honest-new", { content: SLEEPER, notify: restart });
  const running = t.service("honest-new", { state: "running", enabled: true, needs: [unit] });
  t.gate("honest-new runs", { probe: sh`systemctl is-active -q honest-new`, within: 10, needs: [running] });
  t.gate("cron runs", { probe: sh`systemctl is-active -q cron`, within: 10 });
  t.unit("honest-kept", { content: SLEEPER });
  t.unit("honest-drifted", { content: `${SLEEPER}# new\n` });
  t.unit("honest-gone", { state: "absent" });
  t.unit("honest-never", { state: "absent" });
  t.service("honest-kept", { state: "running", enabled: true });
  t.service("honest-old", { state: "stopped", enabled: false });
  t.service("honest-mask", { masked: true });
  t.timer("honest-tick", { onCalendar: "daily", command: sh`true "$HOME" 100%` });
  t.timer("honest-tock", { every: "1h", command: "/bin/true" });
  t.timer("honest-nevermore", { state: "absent" });
  if (facts.family !== "debian") t.service("tinyweb", { enabled: false, needs: [daemon] });
  else t.service("atd", { state: "running", enabled: true, needs: [daemon] });
}

function accounts(t: Tasks): ResourceNode {
  const group = t.group("honest", { gid: 4200 });
  t.group("honest-drifted", { gid: 4301 });
  t.group("honest-gone", { state: "absent" });
  t.group("honest-never", { state: "absent" });
  t.group("sudo");
  const account = t.user("honest", { uid: 4200, group: "honest", groups: ["sudo"], shell: "/bin/sh", passwordHash: new Secret("$6$e2e$Gm7ePnmDuQ8uoOmUJIzEGdRrDMo4m3hB8wHqCzQ4oNDrT9Gp3y0bR2zMRvW3nS2eS5m3mUIvM6uJr2l1s7Q0w1"), needs: [group] });
  t.user("honest-drifted", { shell: "/bin/sh", comment: "as it should be", groups: ["honest-drifted"] });
  t.user("honest-gone", { state: "absent", removeHome: true });
  t.user("honest-never", { state: "absent" });
  t.user("root", { shell: "/bin/bash" });
  t.authorizedKey("honest", KEYS[0] ?? "", { needs: [account] });
  t.authorizedKey("honest", KEYS[1] ?? "", { options: "no-pty", needs: [account] });
  t.authorizedKey("honest", KEYS[2] ?? "", { state: "absent", needs: [account] });
  t.authorizedKey("honest-drifted", KEYS[0] ?? "");
  t.authorizedKey("honest-drifted", KEYS[1] ?? "", { state: "absent" });
  t.authorizedKeys("honest-listed", [KEYS[1] ?? "", KEYS[0] ?? ""]);
  return account;
}

function files(t: Tasks, { tool, account, host }: { tool: Nodes; account: ResourceNode; host: string }): void {
  const folder = t.directory(`${BASE}/new`, { mode: "0750" });
  t.directory(`${BASE}/new/of-user`, { owner: "honest", group: "honest", needs: [folder, account] });
  t.directory(`${BASE}/a/b/c`, { parents: true });
  t.directory(`${BASE}/kept-dir`);
  t.directory(`${BASE}/mode-dir`, { mode: "0700" });
  t.directory(`${BASE}/owner-dir`, { owner: "daemon", recurse: true });
  t.directory(`${BASE}/empty-dir`, { state: "absent" });
  t.directory(`${BASE}/full-dir`, { state: "absent", force: true });
  t.directory(`${BASE}/never-dir`, { state: "absent" });
  t.file(`${BASE}/new/file`, { content: "new\n", needs: [folder] });
  t.file(`${BASE}/new/without-needs`, { content: "new\n", mode: "0600" });
  t.file(`${BASE}/new/of-user/file`, { content: "theirs\n", owner: "honest", group: 4200, needs: [account] });
  t.file(`${BASE}/kept`, { content: "kept\n", mode: "0644" });
  t.file(`${BASE}/drifted`, { content: "as it should be\n" });
  t.file(`${BASE}/mode`, { mode: "0600" });
  t.file(`${BASE}/once`, { content: "never written over what is there\n", once: true });
  t.file(`${BASE}/once-new`, { content: "written once\n", once: true });
  t.file(`${BASE}/secret`, { content: new Secret("not for everybody\n"), mode: "0600" });
  t.file(`${BASE}/large`, { content: "0123456789abcde\n".repeat(20_000) });
  t.file(`${BASE}/larger`, { content: Buffer.alloc(1_200_000, "x") });
  t.file(`${BASE}/bytes`, { content: Buffer.from([0, 1, 2, 0xff, 0xfe, 0x0a, 0x0d]) });
  t.file(`${BASE}/checked`, { content: "{}\n", validate: (file) => sh`grep -q '{}' ${file}` });
  t.file(`${BASE}/link-to-drifted`, { content: "through a link\n" });
  t.file(`${BASE}/gone`, { state: "absent" });
  t.file(`${BASE}/never`, { state: "absent" });
  t.file(`${BASE}/not-of-the-tool`, { state: "absent", needs: [tool] });
  t.template(`${BASE}/site.conf`, "site.conf.ejs", { host, ports: [80, 443] });
  t.template(`${BASE}/site-kept.conf`, "site.conf.ejs", { host: "fixed", ports: [22] });
  const machine = t.read("machine id", { probe: sh`cat /etc/machine-id` });
  t.file(`${BASE}/machine`, { content: machine.map((id) => `${id}\n`) });
  t.symlink(`${BASE}/link-new`, "kept");
  t.symlink(`${BASE}/link-kept`, "kept");
  t.symlink(`${BASE}/link-drifted`, "kept");
  t.symlink(`${BASE}/link-force`, "kept", { force: true });
  t.symlink(`${BASE}/link-gone`, "kept", { state: "absent" });
  t.symlink(`${BASE}/link-never`, "kept", { state: "absent" });
}

function edits(t: Tasks, daemon: Nodes): void {
  const file = `${BASE}/edited.conf`;
  t.line(file, { line: "port = 22" });
  t.line(file, { line: "color = blue", match: /^color/ });
  t.line(file, { line: "kept = yes" });
  t.line(file, { line: "gone = yes", state: "absent" });
  t.line(file, { line: "never = yes", state: "absent" });
  t.line(`${BASE}/made-by-line`, { line: "first" });
  t.line("/etc/honest-tool.conf", { line: "x = 1", needs: [daemon] });
  t.lines(file, "one", { block: "a\nb\n" });
  t.lines(file, "two", { block: "c\nd\n" });
  t.lines(file, "kept", { block: "k" });
  t.lines(file, "gone", { state: "absent" });
  t.lines(file, "never", { state: "absent" });
  const ini = `${BASE}/edited.ini`;
  for (const [key, value] of [["kept", "1"], ["drifted", "2"], ["added", "3"]] as const) t.iniKey(ini, { section: "main", key, value });
  t.iniKey(ini, { section: "main", key: "gone", state: "absent" });
  t.iniKey(ini, { section: "other", key: "new", value: true });
  t.iniKey(ini, { section: "main", key: "never", state: "absent" });
  const json = `${BASE}/edited.json`;
  for (const [key, value] of [["kept", 1], ["drifted", [1, 2]], ["added", { deep: true }]] as const) t.jsonKey(json, { key: ["main", key], value });
  t.jsonKey(json, { key: ["main", "gone"], state: "absent" });
  t.jsonKey(json, { key: ["main", "never"], state: "absent" });
  const yaml = `${BASE}/edited.yaml`;
  for (const [key, value] of [["kept", 1], ["drifted", [1, 2]], ["added", { deep: true }]] as const) t.yamlKey(yaml, { key: ["main", key], value });
  t.yamlKey(yaml, { key: ["main", "gone"], state: "absent" });
  t.yamlKey(yaml, { key: ["main", "never"], state: "absent" });
  t.hostsEntry("192.0.2.1", ["honest-new.example", "honest-new"]);
  t.hostsEntry("192.0.2.2", ["honest-kept.example"]);
  t.hostsEntry("192.0.2.3", ["honest-moved.example"]);
  t.hostsEntry("192.0.2.5", ["honest-gone.example"], { state: "absent" });
  t.hostsEntry("192.0.2.6", ["honest-never.example"], { state: "absent" });
}

/** Of addresses that nobody has. One stands apart from the others: what the first of them loads again comes with it. */
function firewall(t: Tasks, daemon: Nodes): void {
  t.firewallRule("honest-legacy", RULES.legacy);
  t.directory(`${BASE}/between-rules`);
  t.firewallRule("honest-kept", RULES.kept);
  t.firewallRule("honest-drifted", { ...RULES.kept, port: 8080, position: 10 });
  t.firewallRule("honest-new", { chain: "output", destination: ["192.0.2.1", "192.0.2.2"], ipsec: "none", action: "reject" });
  t.firewallRule("honest-needs", { chain: "forward", protocol: "gre", action: "drop", needs: [daemon] });
  t.firewallRule("honest-gone", { action: "drop", state: "absent" });
  t.firewallRule("honest-never", { action: "drop", state: "absent" });
}

function system(t: Tasks, facts: Facts): void {
  t.add(hostname, { name: `honest-${facts.family === "debian" ? "a" : "b"}` });
  t.sysctl("net.ipv4.ip_forward", 1);
  t.sysctl("net.ipv4.conf.all.log_martians", 1);
  t.sysctl("net.ipv4.ip_local_port_range", "20000 60000");
  t.add(sysctlKind, { key: "net.ipv4.tcp_syncookies", state: "absent" });
  t.add(sysctlKind, { key: "net.ipv4.tcp_fin_timeout", state: "absent" });
  const bridge = t.task("a bridge", { check: sh`[ -e /sys/class/net/honest0 ]`, apply: sh`ip link add honest0 type bridge` });
  t.sysctl("net.ipv4.conf.honest0.rp_filter", 2, { needs: [bridge] });
  t.add(kernelModule, { name: "printk", options: { time: 1 } });
  t.add(kernelModule, { name: "workqueue" });
  t.add(kernelModule, { name: "honest-gone", state: "absent" });
  t.add(kernelModule, { name: "honest-never", state: "absent" });
  t.mount("/mnt/honest-new", { source: "tmpfs", fstype: "tmpfs", options: "size=1m" });
  t.mount("/mnt/honest-kept", { source: "tmpfs", fstype: "tmpfs", options: "size=1m" });
  t.mount("/mnt/honest-later", { source: "tmpfs", fstype: "tmpfs", options: "noauto", state: "present" });
  t.mount("/mnt/honest-off", { state: "unmounted" });
  t.mount("/mnt/honest-gone", { state: "absent" });
  t.mount("/mnt/honest-never", { state: "absent" });
  t.cron("new", { schedule: "@daily", command: "true 100%" });
  t.cron("kept", { schedule: { minute: 5 }, command: "true" });
  t.cron("drifted", { schedule: "5 * * * *", command: "true", user: "daemon" });
  t.cron("gone", { state: "absent" });
  t.cron("never", { state: "absent" });
  t.add(waitFor, { name: "ssh listens", port: 22 });
  t.add(waitFor, { name: "the new file", path: `${BASE}/new/file`, timeout: 10 });
  t.add(waitFor, { name: "nothing there", path: `${BASE}/never`, state: "absent" });
  t.add(reboot, { name: "never due", marker: `${BASE}/reboot-me` });
}

function fetched(t: Tasks, facts: Facts, { url, localFile, sha256, tarFile, tarSha256 }: Sources): void {
  t.download(`${BASE}/uploaded`, { localFile, sha256 });
  // The EL-like repository has nothing that fetches.
  if (facts.family === "debian") t.download(`${BASE}/downloaded`, { url, sha256, mode: "0755", needs: [t.package("curl", { recommends: false })] });
  t.download(`${BASE}/download-kept`, { url, sha256 });
  t.download(`${BASE}/download-drifted`, { localFile, sha256 });
  const into = t.directory(`${BASE}/unpacked`);
  const archive = t.archive(`${BASE}/unpacked`, { localFile: tarFile, sha256: tarSha256, strip: 1, creates: "inner", needs: [into] });
  t.file(`${BASE}/unpacked/own`, { content: "beside what was unpacked\n", needs: [archive] });
}

function tasks(t: Tasks, tool: Nodes, declared: (nodes: Nodes) => void): void {
  t.task("nothing to do", { check: sh`[ -e /etc/passwd ]`, apply: sh`false` });
  t.task("in shell", { check: sh`[ -e ${BASE}/by-shell ]`, apply: sh`touch ${BASE}/by-shell` });
  t.task("in zx", { check: sh`[ -e ${BASE}/by-zx ]`, apply: async ({ $ }) => await $`touch ${BASE}/by-zx` });
  t.task("as a user", { check: sh`[ -e /tmp/honest-by-daemon ]`, apply: sh`touch /tmp/honest-by-daemon`, runAs: "daemon" });
  t.task("a command of the package", { check: sh`[ -e /usr/bin/tree ] || [ -e /etc/tinyweb.conf ] || exit 127`, apply: sh`false`, needs: [tool] });
  t.task("absent with its package", { check: sh`[ -e /usr/bin/tree ] || [ -e /etc/tinyweb.conf ] || exit 127
[ -e ${BASE}/after-tool ]`, apply: sh`touch ${BASE}/after-tool`, needs: [tool], absent: "while-needs-absent" });
  const config = t.file(`${BASE}/loaded.conf`, { content: "load me\n" });
  t.task("load it", { check: sh`[ ! -e ${BASE}/loaded.conf ] || cmp -s ${BASE}/loaded.conf ${BASE}/loaded || exit 1`, apply: sh`cp ${BASE}/loaded.conf ${BASE}/loaded`, needs: [config], predict: "runs" });
  const maker = t.task("make a list", { check: sh`[ -e ${BASE}/list ]`, apply: sh`echo 'a b' >${BASE}/list` });
  const list = t.read("list", { probe: sh`cat ${BASE}/list`, needs: [maker] });
  t.given("items", list, (text) => declared(text.split(" ").map((item) => t.file(`${BASE}/item-${item}`, { content: `${item}\n` }))));
  const noted = t.handler("note it", sh`echo noted >>${BASE}/handled`);
  t.block("in a block", {}, () => {
    t.file(`${BASE}/in-block`, { content: "inside\n", notify: noted });
  });
}
