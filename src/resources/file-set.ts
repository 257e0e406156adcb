import { Sh } from "../shell/index.ts";
import type { Content } from "./args.ts";
import { bytesOf, planContent, planRemoval } from "./content.ts";
import { PlanError, type Change, type Observed, type Upload } from "./contract.ts";
import type { Facts } from "./facts.ts";
import { fetch, type Source } from "./fetch.ts";
import { formatLook, lookAt, lookHash, parseLook } from "./look.ts";
import { replaceFile } from "./write.ts";

/** One of the files that a resource owns as a whole. */
export type SetFile = { readonly path: string } & ({ readonly content: Content; readonly validate?: (file: string) => Sh } | { readonly source: Source } | { readonly absent: true });

/** Divides the looks; base64 never prints such a line. */
const DIVIDER = "--";

/** The looks at all files, in order. */
export function lookAtSet(files: readonly SetFile[]): Sh {
  return Sh.lines(...files.flatMap((file, i) => [i > 0 && `echo ${DIVIDER}`, "source" in file ? lookHash(file.path) : lookAt(file.path)]));
}

export interface SetPlan {
  /** One for each file that changes. */
  readonly changes: readonly (Change & { readonly path: string })[];
  /** What the looks print afterwards. */
  readonly after: string;
  readonly uploads: readonly Upload[];
}

/** @throws PlanError when a look failed, or something else stands where a file should. */
export function planSet(files: readonly SetFile[], out: string, seen: Observed, facts: Facts): SetPlan {
  const looks = out.split(`\n${DIVIDER}\n`);
  if (looks.length !== files.length) throw new PlanError(`cannot look at ${files[looks.length - 1]?.path}: ${seen.err.trim() || "unexpected output"}`, "stat, base64 and readlink must be there, and the files readable");
  const texts = looks.map((text, i) => (i < looks.length - 1 ? `${text}\n` : text));
  const planned = files.map((file, i) => ({ file, text: texts[i] ?? "", change: planOne(file, { ...seen, out: texts[i] ?? "", code: 0 }, facts) }));
  return {
    changes: planned.flatMap(({ file, change }) => (change ? [{ ...change, path: file.path }] : [])),
    after: planned.map(({ text, change }) => change?.after?.out ?? text).join(`${DIVIDER}\n`),
    uploads: planned.flatMap(({ change }) => change?.uploads ?? []),
  };
}

function planOne(file: SetFile, seen: Observed, facts: Facts): Change | undefined {
  const { path } = file;
  const look = parseLook(seen, path);
  if ("absent" in file) return planRemoval(path, look);
  const wanted = { mode: "0644", owner: "root", group: "root" };
  if ("content" in file) {
    const { bytes, sensitive } = bytesOf(file.content);
    return planContent({ path, look, content: bytes, sensitive, wanted: sensitive ? { ...wanted, mode: "0600" } : wanted, facts, validate: file.validate });
  }
  const after = formatLook({ ...look, ...wanted, kind: "file", sha256: file.source.sha256 });
  if (look.kind === "file" && look.sha256 === file.source.sha256) return undefined;
  const { fill, uploads } = fetch(file.source, path);
  return { summary: "download", diff: `(sha256 ${look.sha256 ?? "none"} -> ${file.source.sha256})`, apply: replaceFile({ path, look, wanted, facts }, fill), ...(uploads && { uploads }), after };
}

/** Each file is written in a subshell, because each sets traps of its own. */
export function writeSet(plan: SetPlan): Sh {
  return Sh.lines(...plan.changes.flatMap((change) => (change.apply ? ["(", change.apply, ")"] : [])));
}

/** The diffs of all files, one after the other. */
export function diffOfSet(plan: SetPlan): { diff?: string } {
  const diffs = plan.changes.flatMap((change) => (change.diff === undefined ? [] : [change.diff]));
  return diffs.length === 0 ? {} : { diff: diffs.join("\n") };
}
