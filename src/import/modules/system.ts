import { LEVEL, quoted, within } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import type { Args } from "../args.ts";
import { textOf } from "../yaml.ts";
import { given, literalText, type Call, type Module, ownership } from "./module.ts";

const STATES: Readonly<Record<string, string>> = { present: "present", installed: "present", latest: "latest", absent: "absent", removed: "absent" };

export const packages: Module = (args) => {
  args.ignore("force_apt_get", "update_cache", "use", "install_repoquery", "allow_downgrade", "cache_valid_time", "lock_timeout");
  const hours = args.number("cache_valid_time");
  const state = args.text("state");
  const fixed = state === undefined ? "present" : literalText(state);
  const ours = fixed === undefined ? state : STATES[fixed];
  if (ours === undefined) throw new Unconvertible(`${args.module} with state ${fixed}`, 0);
  const names = args.node("name", "pkg", "package");
  if (names === undefined) {
    args.done();
    return ["// hawser refreshes the lists of packages itself, where an install needs it."];
  }
  const common = given(
    ["state", ours === "present" ? undefined : fixed === undefined ? `${ours} as "present" | "absent" | "latest"` : quoted(ours)],
    ["recommends", args.bool("install_recommends")],
    ["purge", args.flag("purge", false) && "true"],
    ["listsAge", hours !== undefined && /^\d+$/.test(hours) && Number(hours) >= 60 && Number(hours) !== 86_400 ? String(Number(hours) / 3600).slice(0, 6) : undefined],
  );
  const list = args.list("name", "pkg", "package") ?? "[]";
  if (/[@*/]|\.rpm"/.test(list.replaceAll(/=[^",]*/g, "")) && !list.includes("${")) throw new Unconvertible(`${args.module} of a group, a pattern, a file or a URL`, 0);
  // `name=version` is two arguments.
  const versioned = [...list.matchAll(/"([^"=\s]+)=+([^"]+)"/g)];
  if (versioned.length > 0) {
    if (!/^\["[^"]*"(?:, "[^"]*")*\]$/.test(list)) throw new Unconvertible("versions of packages in a list that is computed", 0);
    const all = (JSON.parse(list) as string[]).map((one) => one.split(/=+/));
    return all.map(([name = "", version]): Call => ({ verb: "t.package", args: [quoted(name)], options: [...given(["version", version === undefined ? undefined : quoted(version)]), ...common], kind: "package" }));
  }
  const single = /^\[("[^"]*")\]$/.exec(list)?.[1];
  return [{ verb: "t.package", args: [single ?? list], options: common, kind: "package" }];
};

export const service: Module = (args) => {
  args.ignore("use", "daemon_reload", "daemon_reexec", "no_block", "force");
  const reload = args.flag("daemon_reload", false);
  if (args.word("scope", "system") !== "system") throw new Unconvertible("a unit of a user's own systemd", 0);
  const state = args.word("state", "");
  if (!args.has("name") && !args.has("service")) {
    if (!reload) throw new Unconvertible(`${args.module} without a name`, 0);
    return ["// t.service and t.unit tell systemd of changed units themselves."];
  }
  if (state === "restarted" || state === "reloaded") throw new Unconvertible(`state ${state} acts at every run: make it a handler that the change notifies`, 0);
  const ours = { "": undefined, started: '"running"', stopped: '"stopped"' }[state];
  if (ours === undefined && state !== "") throw new Unconvertible(`${args.module} with state ${state}`, 0);
  const name = args.need("name", "service", "unit");
  return [{ verb: "t.service", args: [name], options: given(["state", ours], ["enabled", args.bool("enabled")], ["masked", args.bool("masked")]), kind: "service", key: name }];
};

export const user: Module = (args, around) => {
  args.ignore("move_home", "force", "local", "skeleton");
  const name = args.need("name", "user");
  const groups = args.list("groups");
  const password = args.value("password");
  const hash = password === undefined ? undefined : literalText(password.text);
  const isLock = hash !== undefined && /^[!*]+$/.test(hash);
  if (args.word("update_password", "always") !== "always") around.note("update_password: on_create has no counterpart: a password that somebody changed is set back");
  const append = args.flag("append", false);
  const system = args.bool("system");
  const absent = stateOf(args) === '"absent"';
  let passwordHash: string | undefined;
  if (password !== undefined && !isLock) {
    if (password.type.kind !== "secret") args.names.uses.add("Secret");
    passwordHash = password.type.kind === "secret" ? password.text : `new Secret(${password.text})`;
  }
  const options = given(
    ["state", stateOf(args)],
    ["uid", args.number("uid")],
    ["group", args.text("group")],
    ["groups", groups],
    ["append", groups !== undefined && !append && "false"],
    ["home", args.text("home")],
    ["shell", args.text("shell")],
    ["comment", args.text("comment")],
    ["system", system],
    // Ansible makes the home of a system's user, too; hawser only when told.
    ["createHome", args.bool("create_home", "createhome") ?? (system !== undefined && system !== "false" && !absent && "true")],
    ["passwordHash", passwordHash],
    ["locked", isLock ? "true" : args.bool("password_lock")],
    ["removeHome", args.flag("remove", false) && "true"],
  );
  return [{ verb: "t.user", args: [name], options, kind: "user", key: name }];
};

export const group: Module = (args) => {
  args.ignore("local", "non_unique");
  const name = args.need("name");
  return [{ verb: "t.group", args: [name], options: given(["gid", args.number("gid")], ["system", args.bool("system")], ["state", stateOf(args)]), kind: "group", key: name }];
};

/** `absent`, or a state that is computed; `present` is what hawser takes anyway. */
function stateOf(args: Args): string | undefined {
  const value = args.value("state");
  if (value === undefined || value.text === '"present"') return undefined;
  if (value.text === '"absent"') return value.text;
  return value.type.kind === "any" ? value.text : `${within(value, LEVEL.relational)} as "present" | "absent"`;
}

const SPECIAL = new Set(["reboot", "hourly", "daily", "weekly", "monthly", "yearly"]);

export const cron: Module = (args, around) => {
  args.ignore("backup");
  if (args.flag("env", false)) throw new Unconvertible("a variable of a crontab: give it to the job, as env of t.cron", 0);
  if (args.flag("disabled", false)) throw new Unconvertible("a job that is disabled", 0);
  const name = args.need("name");
  const file = args.text("cron_file");
  const user = args.text("user");
  const absent = args.word("state", "present") === "absent";
  const special = args.word("special_time", "");
  if (special !== "" && special !== "annually" && !SPECIAL.has(special)) throw new Unconvertible(`special_time ${special}`, 0);
  const fields = ["minute", "hour", "day", "month", "weekday"].map((field) => args.value(field === "day" ? "day" : field, ...(field === "day" ? ["dom"] : field === "weekday" ? ["dow"] : [])));
  const parts = fields.map((value) => (value === undefined ? "*" : (literalText(value.text) ?? (/^\d+$/.test(value.text) ? value.text : `\${${value.text}}`))));
  const schedule = special === "" ? parts.join(" ") : `@${special === "annually" ? "yearly" : special}`;
  const scheduleCode = schedule.includes("${") ? `\`${schedule}\`` : quoted(schedule);
  const job = args.value("job", "value");
  if (job !== undefined && /(?<!\\)%/.test(literalText(job.text) ?? "")) throw new Unconvertible("a % in a job: cron takes it for a line break, and hawser writes it as a character", 0);
  const command = job === undefined ? undefined : args.printer.text(job).text.replaceAll(String.raw`\\%`, "%");
  if (file !== undefined) {
    const path = literalText(file) === undefined ? `\`/etc/cron.d/\${${file}}\`` : quoted(`/etc/cron.d/${literalText(file)}`);
    const heading = literalText(name) === undefined ? `\`#Ansible: \${${name}}\`` : quoted(`#Ansible: ${literalText(name)}`);
    return [{ verb: "t.cron", args: [cronName(file)], options: absent ? [["file", path], ["state", '"absent"']] : given(["file", path], ["heading", heading], ["schedule", scheduleCode], ["user", user], ["command", command]), kind: "cron", key: path }];
  }
  around.note("the job moves from a user's crontab to a file in /etc/cron.d; the line that Ansible wrote is taken out");
  const owner = user ?? '"root"';
  const gone: Call = { verb: "t.task", args: [literalText(name) === undefined ? `\`\${${name}} is in no crontab\`` : quoted(`${literalText(name)} is in no crontab`)], options: [["...ansible.outOfCrontab", `${owner}, ${name}`]], kind: "task" };
  args.names.helper("outOfCrontab");
  const options = absent ? given(["state", '"absent"']) : given(["schedule", scheduleCode], ["user", user], ["command", command]);
  return [{ verb: "t.cron", args: [cronName(name)], options, kind: "cron", key: name }, gone];
};

/** Names of jobs are file names here. */
function cronName(code: string): string {
  const text = literalText(code);
  return text === undefined ? `${code}.replaceAll(/[^\\w-]+/g, "-")` : quoted(text.replaceAll(/[^\w-]+/g, "-").replace(/^-+|-+$/g, ""));
}

export const sysctl: Module = (args) => {
  args.ignore("reload", "sysctl_set", "ignoreerrors");
  const key = args.need("name", "key");
  const value = args.value("value", "val");
  const file = args.text("sysctl_file") ?? '"/etc/sysctl.conf"';
  const absent = args.word("state", "present") === "absent";
  if (!absent && value === undefined) throw new Unconvertible("sysctl without a value", 0);
  const shown = value === undefined ? '""' : value.type.kind === "number" || value.type.kind === "any" ? value.text : value.type.kind === "boolean" ? `${value.text} ? 1 : 0` : args.printer.text(value).text;
  const numeric = /^"(\d+)"$/.exec(shown)?.[1];
  return [{ verb: "t.sysctl", args: [key, numeric ?? shown], options: given(["file", file], ["state", absent && '"absent"']), kind: "sysctl", key }];
};

export const hostname: Module = (args) => {
  args.ignore("use");
  return [{ verb: "t.hostname", args: [args.need("name")], options: [], kind: "hostname" }];
};

export const mount: Module = (args) => {
  args.ignore("backup", "boot");
  const at = args.path("path", "name");
  const state = args.word("state", "mounted");
  if (!["mounted", "present", "unmounted", "absent"].includes(state)) throw new Unconvertible(`mount with state ${state}`, 0);
  const options = given(["source", args.text("src")], ["fstype", args.text("fstype")], ["options", args.text("opts")], ["dump", args.number("dump")], ["pass", args.number("passno")], ["state", state !== "mounted" && quoted(state)]);
  return [{ verb: "t.mount", args: [at], options, kind: "mount", key: at }];
};

export const authorizedKey: Module = (args) => {
  args.ignore("manage_dir", "path", "validate_certs", "follow");
  if (args.has("path")) throw new Unconvertible("authorized_key with a path of its own", 0);
  const user = args.need("user");
  const key = args.need("key");
  const fixed = literalText(key);
  if (fixed !== undefined && /^https?:/.test(fixed)) throw new Unconvertible("keys from a URL: who answers there could log in", 0);
  const lines = (fixed ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (args.flag("exclusive", false)) return [{ verb: "t.authorizedKeys", args: [user, lines.length > 0 ? `[${lines.map(quoted).join(", ")}]` : `${key}.trim().split("\\n")`], options: [], kind: "authorized-key" }];
  const options = given(["options", args.text("key_options")], ["comment", args.text("comment")], ["state", stateOf(args)]);
  if (lines.length > 0) return lines.map((line): Call => ({ verb: "t.authorizedKey", args: [user, quoted(line)], options: [...(line.split(/\s+/).length < 3 ? [["name", quoted(line.split(/\s+/)[1]?.slice(-12) ?? "key")] as const] : []), ...options], kind: "authorized-key" }));
  return [{ verb: "t.authorizedKey", args: [user, `${key}.trim()`], options, kind: "authorized-key" }];
};

export const modprobe: Module = (args) => {
  const name = args.need("name");
  const absent = args.word("state", "present") === "absent";
  const params = args.word("params", "");
  const persist = args.word("persistent", "disabled");
  const options = given(["persist", persist !== "present" && "false"], ["options", params === "" ? undefined : `{ ${params.trim().split(/\s+/).map((one) => `${quoted(one.split("=")[0] ?? "")}: ${quoted(one.split("=")[1] ?? "")}`).join(", ")} }`], ["state", absent && '"absent"']);
  return [{ verb: "t.kernelModule", args: [name], options, kind: "kernel-module", key: name }];
};

export const aptRepository: Module = (args) => {
  args.ignore("update_cache", "validate_certs", "codename", "update_cache_retries");
  const written = textOf(args.node("repo")) ?? "";
  if (written.startsWith("ppa:")) throw new Unconvertible("a PPA: give its address and key", 0);
  const repo = args.need("repo");
  const named = args.text("filename");
  // As Ansible names it: the address without its scheme, with _ for what is no letter.
  const address = (/\bhttps?:\/\/(\S+)/.exec(written.replaceAll(/\{\{.*?\}\}/g, ""))?.[1] ?? "repository").replaceAll(/[^A-Za-z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "");
  const path = named === undefined ? quoted(`/etc/apt/sources.list.d/${address}.list`) : literalText(named) === undefined ? `\`/etc/apt/sources.list.d/\${${named}}.list\`` : quoted(`/etc/apt/sources.list.d/${literalText(named)}.list`);
  if (args.word("state", "present") === "absent") return [{ verb: "t.file", args: [path], options: [["state", '"absent"']], kind: "repository", key: path }];
  const text = literalText(repo);
  const content = text === undefined ? (repo.startsWith("`") ? `${repo.slice(0, -1)}\\n\`` : `\`\${${repo}}\\n\``) : quoted(`${text}\n`);
  return [{ verb: "t.file", args: [path], options: [["content", content], ...given(["mode", args.mode() ?? '"0644"'])], kind: "repository", key: path }];
};

const YUM = ["baseurl", "mirrorlist", "metalink", "gpgcheck", "gpgkey", "enabled", "priority", "sslverify", "exclude", "includepkgs", "proxy", "repo_gpgcheck", "module_hotfixes", "cost", "metadata_expire", "skip_if_unavailable"];

export const yumRepository: Module = (args) => {
  const id = args.need("name");
  const file = args.text("file");
  const base = literalText(file ?? id);
  const path = base === undefined ? `\`/etc/yum.repos.d/\${${file ?? id}}.repo\`` : quoted(`/etc/yum.repos.d/${base}.repo`);
  if (args.word("state", "present") === "absent") return [{ verb: "t.file", args: [path], options: [["state", '"absent"']], kind: "repository", key: path }];
  const lines = YUM.filter((name) => args.has(name)).map((name): readonly [string, string] => {
    const value = args.value(name);
    return [name, value === undefined ? "" : value.type.kind === "boolean" ? (value.text === "true" ? "1" : value.text === "false" ? "0" : `\${${value.text} ? 1 : 0}`) : (literalText(value.text) ?? (/^\d+$/.test(value.text) ? value.text : `\${${value.text}}`))];
  });
  const description = args.need("description");
  const hole = (code: string): string => literalText(code) ?? `\${${code}}`;
  const body = [...lines, ["name", hole(description)] as const].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} = ${value}`).join("\\n");
  return [{ verb: "t.file", args: [path], options: [["content", `\`[${hole(id)}]\\n${body}\\n\\n\``], ...ownership(args)], kind: "repository", key: path }];
};
