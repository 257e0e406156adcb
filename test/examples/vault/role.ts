import { defineRole, sh, z } from "hawser";

export const vault = defineRole(import.meta, {
  name: "vault",
  summary: "A store that says its root token once.",
  vars: z.strictObject({ folder: z.string().default("/srv/vault").describe("Where it lies.") }),
  tasks({ t, vars: { folder } }) {
    t.directory(folder, { mode: "0700" });
    const keys = t.kept("keys", z.object({ root: z.string(), unseal: z.array(z.string()) }));
    t.task("init", {
      check: sh`[ -e ${folder}/initialised ]`,
      makes: keys,
      apply: async ({ $ }) => {
        const root = await $`head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n'`;
        await $`touch ${folder}/initialised`;
        return { root: root.stdout, unseal: ["one", "two"] };
      },
    });
    t.file(`${folder}/token`, { content: keys.value.map(({ root }) => root), mode: "0600" });
  },
});
