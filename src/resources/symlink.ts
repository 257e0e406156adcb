import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { path } from "./args.ts";
import { defineResource, PlanError } from "./contract.ts";
import { temporaryPath } from "./write.ts";

export const symlink = defineResource({
  kind: "symlink",
  summary: "A symbolic link to this target, replaced atomically. The target need not exist.",
  args: z
    .strictObject({
      path,
      /** As the link holds it; a relative target starts at the link's folder. */
      target: z.string().min(1).regex(/^[^\0\n]*$/, "a target holds no newline and no NUL").optional(),
      /** Replaces a file by the link. A folder is never replaced. */
      force: z.boolean().default(false),
      state: z.enum(["present", "absent"]).default("present"),
    })
    .check(({ value, issues }) => {
      if (value.state === "present" && value.target === undefined) issues.push({ code: "custom", message: "a symlink needs a target", input: value });
    }),
  key: (args) => args.path,
  claims: (args) => [{ target: `file:${args.path}` }],
  probe: (args) =>
    Sh.lines(
      sh`p=${args.path}`,
      Sh.raw(`if [ -L "$p" ]; then printf 'link '; readlink "$p"
elif [ -d "$p" ]; then echo directory
elif [ -e "$p" ]; then echo file
else echo absent; fi`),
    ),
  plan(args, seen) {
    const found = seen.out.replace(/\n$/, "");
    if (seen.code !== 0 || found === "") throw new PlanError(`cannot look at ${args.path}: ${seen.err.trim()}`);
    if (args.state === "absent") {
      if (found === "absent") return undefined;
      if (!found.startsWith("link ")) throw new PlanError(`${args.path} is a ${found}, not a symlink`, `remove it with a ${found} resource of state absent`);
      return { summary: "remove", apply: sh`rm -f ${args.path}`, after: { out: "absent\n", err: "", code: 0 } };
    }
    const target = args.target ?? "";
    if (found === `link ${target}`) return undefined;
    if (found === "directory") throw new PlanError(`${args.path} is a folder, not a symlink`, "move what is in it, then remove it with a directory resource of state absent");
    if (found === "file" && !args.force) throw new PlanError(`${args.path} is a file, not a symlink`, "force: true replaces it");
    return {
      summary: found === "absent" ? `create -> ${target}` : found === "file" ? `replace the file by a symlink -> ${target}` : `${found.slice(5)} -> ${target}`,
      apply: link(args.path, target),
      after: { out: `link ${target}\n`, err: "", code: 0 },
    };
  },
});

/** Renames a new link over the old one. -T, because mv would otherwise move it into a folder that the old one points at. */
function link(path: string, target: string): Sh {
  const temporary = temporaryPath(path);
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  return Sh.lines(
    sh`[ -d ${folder} ] || { echo ${`the folder ${folder} does not exist`} >&2; exit 1; }`,
    sh`rm -f ${temporary}`,
    // A target may begin with a dash; it is not a path that we chose.
    sh`ln -s -- ${target} ${temporary}`,
    sh`mv -fT ${temporary} ${path} || { rm -f ${temporary}; exit 1; }`,
  );
}
