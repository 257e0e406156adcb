import type { Args } from "../args.ts";
import type { Option } from "../emit.ts";

/** A call that declares a resource. Options common to all resources are added by whoever places it. */
export interface Call {
  /** `t.file` */
  readonly verb: string;
  readonly args: readonly string[];
  readonly options: readonly Option[];
  /** What it declares, for what later tasks need: `package`, `service`, … */
  readonly kind: string;
  /** It only looks after who owns a file that another call edits: once is enough, whatever edits it. */
  readonly attributes?: true;
  /** What it is named after, as code. */
  readonly key?: string;
}

/** What a module gets of the task and the role around it. */
export interface Surroundings {
  /** The task's name as code: a unique text. Asked for only by a call that carries it. */
  readonly name: () => string;
  /** Takes a file of the role along; gives the argument of `source`, and the file's path on this machine. */
  readonly file: (src: string) => { readonly source: string; readonly path: string; readonly isFolder: boolean };
  /** Takes a template along; gives the arguments of `t.template`. */
  readonly template: (src: string) => { readonly name: string; readonly vars: string };
  /** Templates whose name is only known in the code. */
  readonly templates: (src: string) => { readonly name: string; readonly vars: string };
  /** Something about the result that should be read. */
  readonly note: (why: string) => void;
}

/** Converts a module's arguments to calls, or to lines of code. @throws Unconvertible */
export type Module = (args: Args, around: Surroundings) => readonly (Call | string)[];

/** Options of those that are there. */
export const given = (...options: readonly (readonly [string, string | undefined | false])[]): Option[] => options.flatMap(([name, code]) => (code === undefined || code === false ? [] : [[name, code] as const]));

/** Arguments about who owns a file. SELinux's are the policy's affair. */
export const ownership = (args: Args): Option[] => {
  args.ignore("setype", "seuser", "serole", "selevel", "unsafe_writes");
  return given(["mode", args.mode()], ["owner", args.text("owner")], ["group", args.text("group")]);
};

/** The end of a path that is code: what stands after the last slash, when it stands there. */
export const literalText = (code: string): string | undefined => {
  if (/^"(?:[^"\\]|\\.)*"$/.test(code)) return JSON.parse(code.replaceAll(String.raw`\x`, String.raw`\u00`)) as string;
  return undefined;
};
