import { readdirSync } from "node:fs";
import path from "node:path";
import { quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import { regex } from "../expression/tests.ts";
import type { Args } from "../args.ts";
import { isTemplate, textOf } from "../yaml.ts";
import { given, literalText, type Call, type Module, ownership, type Surroundings } from "./module.ts";

/** Folders that every system has. */
const SYSTEM = new Set(["/", "/etc", "/opt", "/srv", "/var", "/var/lib", "/var/log", "/var/cache", "/usr/local", "/usr/local/bin", "/usr/local/sbin", "/home", "/root", "/tmp", "/etc/systemd/system"]);

export const file: Module = (args) => {
  const state = args.word("state", args.has("src") ? "link" : "file");
  args.ignore("follow", "modification_time", "access_time", "modification_time_format", "access_time_format");
  const name = args.path("path", "dest", "name");
  const fixed = literalText(name);
  if (state === "directory") {
    const recurse = args.flag("recurse", false);
    const options = ownership(args);
    if (recurse && options.some(([option]) => option === "mode")) throw new Unconvertible("recurse with a mode: folders and files would get the same one", 0);
    const parent = fixed === undefined ? undefined : path.posix.dirname(fixed);
    const isDeep = parent === undefined ? false : !SYSTEM.has(parent);
    return [{ verb: "t.directory", args: [name], options: [...options, ...given(["recurse", recurse && "true"], ["parents", isDeep && "true"])], kind: "directory", key: name }];
  }
  if (state === "link") {
    const target = args.need("src");
    args.ignore("mode", "owner", "group");
    return [{ verb: "t.symlink", args: [name, target], options: given(["force", args.flag("force", false) && "true"]), kind: "symlink", key: name }];
  }
  if (state === "absent") {
    args.ignore("force", "recurse");
    const folder = fixed === undefined ? "" : path.posix.basename(path.posix.dirname(fixed));
    const isFile = /\.\w+$/.test(fixed ?? name.replace(/`$/, "")) || folder.endsWith(".d") || folder.endsWith("-enabled");
    if (isFile) return [{ verb: "t.file", args: [name], options: [["state", '"absent"']], kind: "file", key: name }];
    // A file or a folder: nobody can tell from here.
    const hole = holeOf(name);
    args.names.uses.add("sh");
    return [{ verb: "t.task", args: [fixed === undefined ? `\`remove \${${name}}\`` : quoted(`remove ${fixed}`)], options: [["check", `sh\`! [ -e ${hole} ] && ! [ -L ${hole} ]\``], ["apply", `sh\`rm -rf ${hole}\``]], kind: "task" }];
  }
  if (state === "touch") return [{ verb: "t.file", args: [name], options: [["content", '""'], ["once", "true"], ...ownership(args)], kind: "file", key: name }];
  if (state === "file") return [{ verb: "t.file", args: [name], options: ownership(args), kind: "file", key: name }];
  throw new Unconvertible(`file with state ${state}`, 0);
};

/** Code as a word of an sh`…`. */
export const holeOf = (code: string): string => {
  const text = literalText(code);
  // `${vars.base}/etc` is one word as it is: a hole, and text that means nothing to a shell.
  const inner = code.startsWith("`") ? code.slice(1, -1) : "";
  if (inner !== "" && /^[\w@%+=:,./-]*$/.test(inner.replaceAll(/\$\{[^{}`]*\}/g, ""))) return inner;
  return text !== undefined && /^[\w@%+=:,./-]+$/.test(text) ? text : `\${${code}}`;
};

export const copy: Module = (args, around) => {
  args.ignore("decrypt", "follow", "local_follow", "backup");
  const once = !args.flag("force", true);
  const common = [...ownership(args), ...given(["once", once && "true"], ["validate", validation(args)])];
  const rawDest = textOf(args.node("dest")) ?? "";
  const to = args.path("dest");
  if (args.has("content")) return [{ verb: "t.file", args: [to], options: [["content", contentOf(args)], ...common], kind: "file", key: to }];
  const src = args.node("src");
  const written = textOf(src) ?? "";
  if (args.flag("remote_src", false)) {
    if (common.length > 0) throw new Unconvertible("copy with remote_src and an owner or a mode", 0);
    const from = holeOf(args.need("src"));
    args.names.uses.add("sh");
    return [{ verb: "t.task", args: [around.name()], options: [["check", `sh\`cmp -s ${from} ${holeOf(to)} || exit 1\``], ["apply", `sh\`cp ${from} ${holeOf(to)}\``]], kind: "task" }];
  }
  if (isTemplate(written)) {
    if (rawDest.endsWith("/")) throw new Unconvertible("copy of a computed file into a folder: give the whole dest", 0);
    return [{ verb: "t.file", args: [to], options: [["source", args.need("src")], ...common], kind: "file", key: to }];
  }
  const found = around.file(written);
  if (found.isFolder) return folderOf(args, found, written, to, common, around);
  const target = rawDest.endsWith("/") ? below(to, path.basename(written)) : to;
  return [{ verb: "t.file", args: [target], options: [["source", quoted(found.source)], ...common], kind: "file", key: target }];
};

/** A folder's files, one by one. */
function folderOf(args: Args, found: { readonly source: string; readonly path: string }, written: string, to: string, common: Call["options"], around: Surroundings): Call[] {
  args.mode("directory_mode");
  const into = written.endsWith("/") ? to : below(to, path.basename(written));
  const all = readdirSync(found.path, { recursive: true, withFileTypes: true });
  const relative = (entry: (typeof all)[number]): string => path.relative(found.path, path.join(entry.parentPath, entry.name));
  const folders = all.filter((entry) => entry.isDirectory()).map(relative).sort();
  around.note("a folder is copied file by file: what is added to it later needs a line of its own");
  return [
    ...(written.endsWith("/") ? [] : [{ verb: "t.directory", args: [into], options: [], kind: "directory", key: into }]),
    ...folders.map((name): Call => ({ verb: "t.directory", args: [below(into, name)], options: [], kind: "directory", key: below(into, name) })),
    ...all.filter((entry) => entry.isFile()).map(relative).sort().map((name): Call => ({ verb: "t.file", args: [below(into, name)], options: [["source", quoted(path.posix.join(found.source, name))], ...common], kind: "file", key: below(into, name) })),
  ];
}

/** A path below another one, as code. */
export function below(folder: string, name: string): string {
  const text = literalText(folder);
  if (text !== undefined) return quoted(`${text === "/" ? "" : text}/${name}`);
  return folder.startsWith("`") ? `${folder.slice(0, -1)}/${name}\`` : `\`\${${folder}}/${name}\``;
}

function contentOf(args: Args): string {
  const value = args.value("content");
  if (value === undefined) return '""';
  if (value.type.kind === "secret") return value.text;
  if (value.type.kind === "map" || value.type.kind === "record" || value.type.kind === "list") return args.printer.help("toJson", [value], value.type).text;
  return args.printer.text(value).text;
}

/** `visudo -cf %s` as a function of the file. */
function validation(args: Args): string | undefined {
  const text = args.word("validate", "");
  if (text === "") return undefined;
  if (!text.includes("%s")) throw new Unconvertible("validate without %s", 0);
  args.names.uses.add("sh");
  return `(file) => sh\`${text.replaceAll("`", "\\`").replaceAll(/'?%s'?/g, "${file}")}\``;
}

export const template: Module = (args, around) => {
  args.ignore("backup", "follow", "lstrip_blocks", "trim_blocks", "newline_sequence", "output_encoding");
  if (args.has("lstrip_blocks") || args.has("trim_blocks") || args.has("newline_sequence")) throw new Unconvertible("template with settings of Jinja2: put them into its first line", 0);
  const options = [...ownership(args), ...given(["once", !args.flag("force", true) && "true"], ["validate", validation(args)])];
  const rawDest = textOf(args.node("dest")) ?? "";
  const to = args.path("dest");
  const written = textOf(args.node("src")) ?? "";
  if (isTemplate(written)) {
    const { name, vars } = around.templates(args.need("src"));
    return [{ verb: "t.template", args: [to, name, vars], options, kind: "file", key: to }];
  }
  const { name, vars } = around.template(written);
  const target = rawDest.endsWith("/") ? below(to, path.basename(written).replace(/\.j2$/, "")) : to;
  return [{ verb: "t.template", args: [target, quoted(name), vars], options, kind: "file", key: target }];
};

/** A module that edits a file may set who owns it as well. */
function owned(args: Args, name: string): Call[] {
  const options = ownership(args);
  return options.length === 0 ? [] : [{ verb: "t.file", args: [name], options, kind: "file", key: name, attributes: true }];
}

export const lineinfile: Module = (args, around) => {
  args.ignore("backup");
  const name = args.path("path", "dest", "destfile", "name");
  const state = args.word("state", "present");
  if (args.flag("backrefs", false) || args.has("search_string")) throw new Unconvertible("lineinfile with backrefs or search_string", 0);
  if (args.flag("firstmatch", false)) throw new Unconvertible("lineinfile with firstmatch: hawser takes the last match", 0);
  if (args.word("validate", "") !== "") around.note("validate of a line is lost: hawser checks whole files only");
  const line = args.value("line", "value");
  const options = given(
    ["match", pattern(args, "regexp")],
    ["line", line === undefined ? undefined : line.type.kind === "secret" ? line.text : args.printer.text(line).text],
    ["after", anchor(args, "insertafter")],
    ["before", anchor(args, "insertbefore")],
    ["state", state === "absent" && '"absent"'],
    ["create", state === "present" && !args.flag("create", false) && "false"],
  );
  if (state === "absent") args.ignore("create");
  return [{ verb: "t.line", args: [name], options, kind: "line", key: name }, ...owned(args, name)];
};

function anchor(args: Args, name: string): string | undefined {
  const text = textOf(args.node(name));
  if (text === undefined || text === "EOF") return undefined;
  return text === "BOF" ? "/^/" : pattern(args, name);
}

/** A regular expression of Python's, also one with templates in it. */
function pattern(args: Args, name: string): string | undefined {
  const pieces = args.pieces(name) ?? (name === "regexp" ? args.pieces("regex") : undefined);
  if (pieces === undefined) return undefined;
  if (pieces.every((piece) => typeof piece === "string")) return regex(pieces.join(""), 0);
  return `new RegExp(${args.joined(pieces)})`;
}

export const blockinfile: Module = (args) => {
  args.ignore("backup", "append_newline", "prepend_newline");
  const name = args.path("path", "dest", "destfile", "name");
  const marker = args.text("marker") ?? '"# {mark} ANSIBLE MANAGED BLOCK"';
  if (args.has("marker_begin") || args.has("marker_end")) throw new Unconvertible("blockinfile with marker_begin or marker_end", 0);
  const text = args.value("block", "content");
  const absent = args.word("state", "present") === "absent" || text === undefined || text.text === '""';
  const body = text === undefined ? '""' : ended(args.printer.text(text).text);
  const options = given(
    ["marker", marker],
    ["block", absent ? undefined : body],
    ["after", anchor(args, "insertafter")],
    ["before", anchor(args, "insertbefore")],
    ["state", absent && '"absent"'],
    ["create", !args.flag("create", false) && "false"],
  );
  return [{ verb: "t.lines", args: [name, nameOfBlock(marker)], options, kind: "block", key: name }, ...owned(args, name)];
};

/** A text that ends with a line break. */
function ended(code: string): string {
  const text = literalText(code);
  if (text !== undefined) return quoted(text.endsWith("\n") ? text : `${text}\n`);
  if (code.startsWith("`")) return code.endsWith("\\n`") ? code : `${code.slice(0, -1)}\\n\``;
  return `\`\${${code}}\\n\``;
}

function nameOfBlock(marker: string): string {
  const text = literalText(marker);
  if (text === undefined) return marker.startsWith("`") ? marker.replace("{mark} ", "").replace(/^`\W+(?=\w|\$)/, "`") : marker;
  const words = text.replace("{mark}", "").match(/[A-Za-z0-9]+/g) ?? ["block"];
  return quoted(words.join(" ").toLowerCase());
}
