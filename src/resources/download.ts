import { z } from "zod";
import { mode, owner, path } from "./args.ts";
import { attributesAfter, changeAttributes, describeAttributes } from "./attributes.ts";
import { realPath, refuseOtherThanFile } from "./content.ts";
import { defineResource } from "./contract.ts";
import { fetch, fetchArgs } from "./fetch.ts";
import { lookWithIds, parseLookWithIds } from "./file.ts";
import { formatLook, lookHash } from "./look.ts";
import { replaceFile } from "./write.ts";

export const download = defineResource({
  kind: "download",
  summary: "A file from the web, known by its sha256: fetched by the host with curl or wget, checked, and then put in place atomically.",
  args: z
    .strictObject({
      ...fetchArgs,
      /** On the host. */
      path,
      /** Default: an existing file keeps its mode, a new one gets "0644". */
      mode: mode.optional(),
      /** Default: kept; a new file belongs to the user who works on the host. */
      owner: owner.optional(),
      group: owner.optional(),
    })
    .check(({ value, issues }) => {
      if (value.url === undefined && value.localFile === undefined) issues.push({ code: "custom", message: "give the url", input: value });
    }),
  key: (args) => args.path,
  claims: (args) => [{ target: `file:${args.path}` }],
  probe: (args) => lookWithIds(args, lookHash),
  plan(args, seen, { facts }) {
    const { look, exact } = parseLookWithIds(seen, args);
    refuseOtherThanFile(args.path, look);
    const to = attributesAfter(look, args);
    const after = exact ? { after: formatLook({ ...look, ...to, kind: "file", sha256: args.sha256 }) } : {};
    const attributes = look.kind === "file" ? describeAttributes(look, to) : [];
    const target = realPath(args.path, look);
    if (look.kind === "file" && look.sha256 === args.sha256) return attributes.length === 0 ? undefined : { summary: attributes.join(", "), apply: changeAttributes(target, look, to), ...after };
    const { fill, uploads } = fetch(args, target);
    return {
      summary: [look.kind === "absent" ? "download" : "download anew", ...attributes].join(", "),
      diff: `(sha256 ${look.sha256 ?? "none"} -> ${args.sha256})`,
      apply: replaceFile({ path: target, look, wanted: args, facts }, fill),
      ...(uploads && { uploads }),
      ...after,
    };
  },
});
