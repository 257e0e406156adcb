import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Code, quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import type { Args } from "../args.ts";
import type { Option } from "../emit.ts";
import { command, commandOf, script } from "../shell.ts";
import { piecesOf } from "../text.ts";
import { textOf } from "../yaml.ts";
import { below, holeOf } from "./files.ts";
import { given, literalText, type Call, type Module, ownership } from "./module.ts";

/** The command of `command`, `shell` or `raw` as an Sh, without what says when it runs. */
export function commandCode(args: Args, environment: readonly Option[], { makesFiles = true }: { readonly makesFiles?: boolean } = {}): string {
  args.ignore("warn", "strip_empty_ends", "stdin_add_newline", "executable", "expand_argument_vars");
  const executable = args.word("executable", "");
  const isShell = args.module !== "command";
  if (executable !== "" && isShell && !/\/(?:ba)?sh$/.test(executable)) throw new Unconvertible(`a script for ${executable}`, 0);
  const argv = args.items("argv");
  const words: readonly (readonly (string | Code)[])[] = argv.map((item) => piecesOf(textOf(item) ?? "", args.names));
  const text = textOf(args.node("cmd", "_raw_params"));
  if (text === undefined && argv.length === 0) throw new Unconvertible(`${args.module} without a command`, 0);
  let run = argv.length > 0 ? commandOf(words, args.names) : isShell ? script(text ?? "", args.names) : command(text ?? "", args.names);
  if (executable.endsWith("bash") && isShell) run = `sh\`bash -c ${holeOfScript(text ?? "", args)}\``;
  const isQuiet = /^\s*(?:systemctl|service|sysctl|nginx|apachectl|apache2ctl|rndc|ufw|iptables|test|cat|grep|ls)\b/.test(text ?? "");
  const before = environment.map(([name, value]) => `export ${name}=${holeOf(value)}`);
  const chdir = args.text("chdir");
  if (chdir !== undefined) before.push(`cd ${holeOf(chdir)}`);
  // Files that a command makes are readable for all, as they are under Ansible; hawser's own umask is 077.
  if (makesFiles && !isQuiet) before.unshift("umask 022");
  const stdin = args.text("stdin", { secrets: true });
  if (stdin !== undefined) run = `${run}.stdin(${stdin})`;
  if (before.length === 0) return run;
  // Where the script is no chain of its own, a folder that is not there must stop all of it.
  const isLong = isShell && /\n|;|\|\||&(?!&)/.test(run.replaceAll("&&", ""));
  const lead = before.join(isLong ? "\n" : " && ");
  return run.startsWith("sh`") && run.endsWith("`") ? `sh\`${lead}${isLong ? "\n" : " && "}${run.slice(3)}` : `sh\`${lead} && \${${run}}\``;
}

/** A script as one word. */
function holeOfScript(text: string, args: Args): string {
  args.names.uses.add("sh");
  return `\${${args.joined(piecesOf(text.trimEnd(), args.names))}}`;
}

/** The check that `creates` and `removes` stand for; undefined without either. */
export function doneCheck(args: Args): string | undefined {
  const [creates, removes] = [args.text("creates"), args.text("removes")];
  const tests = [creates === undefined ? [] : exists(creates, true), removes === undefined ? [] : exists(removes, false)].flat();
  return tests.length === 0 ? undefined : `sh\`${tests.join(" || ")}\``;
}

function exists(path: string, wanted: boolean): string[] {
  const text = literalText(path) ?? "";
  // A pattern of file names is matched by the shell, which must see it bare.
  if (/[*?[]/.test(text) && /^[\w@%+=:,./*?[\]-]+$/.test(text)) return [`${wanted ? "" : "! "}ls -d ${text} >/dev/null 2>&1`];
  return [`[ ${wanted ? "" : "! "}-e ${holeOf(path)} ]`];
}

export const getUrl: Module = (args, around) => {
  args.ignore("validate_certs", "timeout", "backup", "force", "use_proxy", "http_agent", "tmp_dest", "decompress");
  const url = args.need("url");
  const rawDest = textOf(args.node("dest")) ?? "";
  const folder = args.path("dest");
  const to = rawDest.endsWith("/") ? below(folder, literalText(url)?.split("/").at(-1) ?? failComputed()) : folder;
  const checksum = args.text("checksum");
  const owner = ownership(args);
  if (checksum !== undefined) {
    const sum = /^["`]sha256:(.*)["`]$/s.exec(checksum)?.[1];
    if (sum === undefined || /^\s*https?:/.test(sum)) throw new Unconvertible("a checksum other than sha256, or one from a URL", 0);
    return [{ verb: "t.download", args: [to], options: [["url", url], ["sha256", checksum.startsWith("`") ? (/^\$\{([^}]*)\}$/.exec(sum)?.[1] ?? `\`${sum}\``) : quoted(sum.trim())], ...owner], kind: "file", key: to }];
  }
  around.note("a download without a checksum: whatever is at the path counts as done; with its sha256 it could be t.download");
  args.names.uses.add("sh");
  const fetch: Call = { verb: "t.task", args: [around.name()], options: [["check", `sh\`[ -e ${holeOf(to)} ]\``], ["apply", `sh\`curl -fsSL -o ${holeOf(to)} ${holeOf(url)}\``]], kind: "task" };
  return [fetch, ...(owner.length > 0 ? [{ verb: "t.file", args: [to], options: owner, kind: "file", key: to }] : [])];
};

function failComputed(): never {
  throw new Unconvertible("a download of a computed URL into a folder: give the whole dest", 0);
}

export const unarchive: Module = (args, around) => {
  args.ignore("list_files", "validate_certs", "keep_newer", "copy", "decrypt");
  const into = args.path("dest");
  const written = textOf(args.node("src")) ?? "";
  const remote = args.flag("remote_src", false) || !args.flag("copy", true);
  const creates = args.text("creates");
  const extra = args.items("extra_opts").map((item) => textOf(item) ?? "");
  const strip = /^--strip(?:-components)?=(\d+)$/.exec(extra.join(" ").replace("--strip-components ", "--strip-components="))?.[1];
  if (extra.length > 0 && strip === undefined) throw new Unconvertible(`unarchive with ${extra.join(" ")}`, 0);
  const owner = given(["owner", args.text("owner")], ["group", args.text("group")], ["mode", args.mode()]);
  if (owner.length > 0) throw new Unconvertible("unarchive with an owner or a mode: declare them for the folder with recurse", 0);
  if (!remote) {
    const { path, source } = around.file(written);
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    return [{ verb: "t.archive", args: [into], options: [["localFile", `new URL(${quoted(`files/${source}`)}, import.meta.url).pathname`], ["sha256", quoted(sha256)], ...given(["creates", creates], ["strip", strip])], kind: "archive", key: into }];
  }
  if (creates === undefined) throw new Unconvertible("an archive from elsewhere: t.archive wants its sha256, or give creates", 0);
  const source = args.need("src");
  const isUrl = /^["`]https?:/.test(source);
  const isZip = /\.zip["`]$/.test(source);
  if (isZip && isUrl) throw new Unconvertible("a zip archive from the web: t.archive wants its sha256", 0);
  around.note("an archive without a checksum: what creates names counts as done; with its sha256 it could be t.archive");
  args.names.uses.add("sh");
  const untar = `tar -x${/gz["`]$/.test(source) ? "z" : ""}f ${isUrl ? "-" : holeOf(source)} -C ${holeOf(into)}${strip === undefined ? "" : ` --strip-components=${strip}`}`;
  const apply = isZip ? `unzip -qo ${holeOf(source)} -d ${holeOf(into)}` : isUrl ? `curl -fsSL ${holeOf(source)} | ${untar}` : untar;
  return [{ verb: "t.task", args: [around.name()], options: [["check", `sh\`[ -e ${holeOf(creates)} ]\``], ["apply", `sh\`${apply}\``]], kind: "task" }];
};

export const waitFor: Module = (args, around) => {
  args.ignore("delay", "connect_timeout", "active_connection_states", "msg");
  const state = args.word("state", "started");
  if (!["started", "present", "absent", "stopped"].includes(state)) throw new Unconvertible(`wait_for with state ${state}`, 0);
  const host = args.text("host");
  const isLocal = host === undefined || ['"127.0.0.1"', '"localhost"', '"0.0.0.0"'].includes(host);
  const options = given(["port", args.number("port")], ["host", isLocal ? undefined : host], ["path", args.text("path")], ["state", (state === "absent" || state === "stopped") && '"absent"'], ["timeout", args.number("timeout") ?? "300"], ["every", args.number("sleep")]);
  return [{ verb: "t.waitFor", args: [around.name()], options, kind: "wait-for" }];
};
