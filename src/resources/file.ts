import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { content, isLocalFile, late, mode, owner, path, type Content, type LocalFile } from "./args.ts";
import { bytesOf, planContent, planRemoval } from "./content.ts";
import { defineResource, PlanError, type Change, type KindContext, type Observed } from "./contract.ts";
import { formatLook, lookAt, parseLook, type Look } from "./look.ts";

const NUMBER = /^\d+$/;

interface Owned {
  readonly path: string;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
}

/**
 * The shared look, and the ids in numbers where the arguments give a number. The look has names, and only the host knows
 * which of its names belongs to a number.
 */
export function lookWithIds(args: Owned, look: (path: string) => Sh = lookAt): Sh {
  if (!NUMBER.test(args.owner ?? "") && !NUMBER.test(args.group ?? "")) return look(args.path);
  return Sh.lines(look(args.path), Sh.raw(`if [ -e "$p" ]; then printf 'ids '; stat -Lc %u:%g "$p"; fi`));
}

/** The look, with a number in place of the name where the arguments give a number. */
export function parseLookWithIds(seen: Observed, args: Owned): { look: Look; exact: boolean } {
  const ids = /\nids (?<uid>\d+):(?<gid>\d+)\n$/.exec(seen.out);
  const look = parseLook(ids ? { ...seen, out: seen.out.slice(0, ids.index + 1) } : seen, args.path);
  const numbers = { owner: NUMBER.test(args.owner ?? ""), group: NUMBER.test(args.group ?? "") };
  return {
    look: {
      ...look,
      ...(ids?.groups && numbers.owner && { owner: ids.groups["uid"] ?? "" }),
      ...(ids?.groups && numbers.group && { group: ids.groups["gid"] ?? "" }),
    },
    exact: !numbers.owner && !numbers.group,
  };
}

const localFile = z.custom<LocalFile>(isLocalFile);
const validate = z.custom<(file: string) => Sh>((value) => typeof value === "function", "validate is a function of the temporary file's path, e.g. (file) => sh`visudo -cf ${file}`");

export const file = defineResource({
  kind: "file",
  summary: "A file with this content, mode and owner, replaced atomically. A template is a file whose content is rendered.",
  args: z
    .strictObject({
      /** On the host. */
      path,
      /** Text, bytes, a Secret or a rendered template. Without it only mode and owner are looked after. */
      content: late(z.union([content, localFile])).optional(),
      /** Default: an existing file keeps its mode, a new one gets "0644". */
      mode: mode.optional(),
      /** Default: kept; a new file belongs to the user who works on the host. */
      owner: owner.optional(),
      group: owner.optional(),
      state: z.enum(["present", "absent"]).default("present"),
      /** Written only when no file is there; later changes of it are left alone. Mode and owner are still looked after when given. */
      once: z.boolean().default(false),
      /** Writes to where a symlink points. False puts a file in the symlink's place. */
      follow: z.boolean().default(true),
      /** Checks the finished file under a temporary name in the same folder before it takes the old one's place. */
      validate: validate.optional(),
    })
    .check(({ value, issues }) => {
      const given = [value.content, value.mode, value.owner, value.group].some((arg) => arg !== undefined);
      if (value.state === "present" && !given) issues.push({ code: "custom", message: "give content, mode, owner or group", input: value });
      if (value.state === "absent" && given) issues.push({ code: "custom", message: "state absent takes no content, mode, owner or group", input: value });
      if (value.once && value.content === undefined) issues.push({ code: "custom", message: "once needs content", input: value });
      if (value.validate !== undefined && value.content === undefined) issues.push({ code: "custom", message: "validate needs content", input: value });
    }),
  key: (args) => args.path,
  claims(args) {
    const target = `file:${args.path}`;
    if (args.state === "absent") return [{ target }];
    if (args.once) return [{ target, part: "once" }];
    return args.content === undefined ? [{ target, part: "attributes" }] : [{ target }];
  },
  probe: (args) => lookWithIds(args),
  plan(args, seen, { facts }): Change | undefined {
    const { look: found, exact } = parseLookWithIds(seen, args);
    if (args.state === "absent") return planRemoval(args.path, found);
    const replacesLink = !args.follow && found.link !== undefined;
    const look: Look = replacesLink ? { ...found, kind: "absent", link: undefined, content: undefined } : found;
    if (look.kind === "absent" && args.content === undefined) throw new PlanError(`${args.path} is not there, and no content is given`, "give content, or declare what makes the file in `needs`");
    const kept = args.content === undefined || (args.once && look.kind === "file");
    const { bytes, sensitive } = kept ? { bytes: undefined, sensitive: false } : wholeOf(now(args.content ?? ""));
    const change = planContent({ path: args.path, look, content: bytes, sensitive, wanted: args, facts, validate: args.validate });
    if (change === undefined) return undefined;
    const { after, ...rest } = change;
    return {
      ...rest,
      ...(replacesLink && { summary: "replace the symlink by a file" }),
      ...(exact && after && { after }),
    };
  },
  certain: (args, seen) => (args.state === "present" && parseLookWithIds(seen, args).look.kind === "absent" ? CREATED : undefined),
});

/** Whatever its content will be. */
const CREATED: Change = { summary: "create", diff: "(a value that the run makes is in its content)" };

function wholeOf(given: Content | LocalFile): { bytes: Buffer | LocalFile; sensitive: boolean } {
  return isLocalFile(given) ? { bytes: given, sensitive: false } : bytesOf(given);
}

/**
 * Puts back what stood at `path` before this run: file, symlink or nothing. Both observations are of the file's own probe.
 * @throws PlanError when the earlier content was too big to be kept.
 */
export function restoreFile(path: string, before: Observed, current: Observed, facts: KindContext["facts"]): Change | undefined {
  const [{ look: was }, { look: is }] = [parseLookWithIds(before, { path }), parseLookWithIds(current, { path })];
  if (formatLook(was).out === formatLook(is).out) return undefined;
  if (was.link !== undefined && is.link === undefined) {
    return { summary: "put back the symlink", apply: sh`rm -f ${path}
ln -s ${was.link} ${path}` };
  }
  if (was.kind === "absent") return planRemoval(path, is);
  if (was.kind !== "file") throw new PlanError(`${path} was no file before this run`, "only files are put back");
  if (was.content === undefined && was.sha256 !== is.sha256) throw new PlanError(`${path} had ${was.size} bytes, too many to be kept for putting back`, "restore it by hand");
  const change = planContent({ path, look: is, content: was.content, sensitive: true, wanted: was, facts });
  return change && { ...change, summary: `put back (${change.summary})`, diff: "(content as before this run)" };
}
