import { defineRole, sh, z } from "hawser";

export const release = defineRole(import.meta, {
  name: "release",
  summary: "A release of the shop.",
  vars: z.strictObject({
    folder: z.string().default("/srv/shop").describe("Where it lies."),
    version: z.string().describe("Which release."),
  }),
  tasks({ t, vars: { folder, version } }) {
    t.directory(folder);
    // #region blocks
    t.block("upgrade", {
      rescue: () => t.file(`${folder}/note`, { content: `${version} did not start\n` }),
      afterRescue: "go on",
    }, () => {
      t.task("start", { check: sh`[ "$(cat ${folder}/running 2>/dev/null)" = ${version} ]`, apply: sh`[ ${version} != 0 ] && echo ${version} > ${folder}/running` });
    });
    // #endregion
  },
  verify({ v, vars: { folder, version } }) {
    v.assert("version", { probe: sh`cat ${folder}/running`, value: ({ out }) => out.trim(), limit: { equals: version }, hint: "see what the service says in its journal" });
  },
});
