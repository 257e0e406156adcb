import { defineRole, sh, z } from "hawser";

export const late = defineRole(import.meta, {
  name: "late",
  summary: "What is only known once the host was asked.",
  vars: z.strictObject({ folder: z.string().default("/srv/app").describe("The application's folder.") }),
  tasks({ t, vars: { folder } }) {
    // #region read
    const version = t.read("version", { probe: sh`cat ${folder}/VERSION` });
    const disks = t.read("disks", { probe: sh`cat ${folder}/disks`, parse: (out: string) => out.split("\n").filter((line) => line !== "") });

    t.file(`${folder}/release`, { content: version.map((text) => `release ${text}\n`) });
    // #endregion
    // #region given
    t.given("disks", disks, (names) => {
      for (const name of names) t.directory(`${folder}/${name}`);
    });
    // #endregion
    // #region uses
    t.task("register", {
      check: sh`[ -e ${folder}/registered ]`,
      uses: { version },
      apply: async ({ $, uses }) => {
        await $`echo ${uses.version} > ${folder}/registered`;
      },
    });
    // #endregion
  },
});
