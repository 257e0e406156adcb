import { Sh, sh, z, type ResourceNode, type Tasks } from "hawser";
import { beginRestore, endRestore, isWhole, makeAuthority, restoring } from "./authority.ts";
import { generationFolder } from "./paths.ts";
import type { Vars } from "./vars.ts";

type Kept = ReturnType<typeof declareKept>;

/** Key and certificate at the controller. Declared only where they are not known to be kept, so that later runs do without the identity. */
export const declareKept = (t: Tasks, generation: number) => t.kept(`generation-${generation}`, z.strictObject({ key: z.string(), certificate: z.string() }));

/** Makes a CA or restores it, and keeps it at the controller. */
export function keepAuthority(t: Tasks, vars: Vars, kept: Kept, needs: readonly ResourceNode[]): ResourceNode {
  const { generation } = vars;
  const path = generationFolder(generation);
  const noted = sh`[ -e ${`${path}/kept`} ]`;
  const made = t.task(`CA of generation ${generation}`, {
    check: sh`${isWhole(generation)} && ${noted}`,
    makes: kept,
    apply: async (tools) => {
      const { $ } = tools;
      const must = async (command: Sh): Promise<void> => {
        const { code, err } = await tools.sh(Sh.lines("set -e", command));
        if (code !== 0) throw new Error(err.trim());
      };
      const known = kept.value.known ? kept.value.get() : undefined;
      const had = (await tools.sh(isWhole(generation))).code === 0;
      if (known && !had) {
        await must(beginRestore(vars));
        for (const [file, content] of [["key.pem", known.key], ["cert.pem", known.certificate]] as const) await $({ input: content.reveal() })`umask 077; cat >${`${restoring(vars)}/${file}`}`;
        await must(endRestore(vars, known.certificate.reveal()));
      } else if (!had) await must(makeAuthority(vars));
      const [key, certificate] = [(await $`cat ${`${path}/key.pem`}`).stdout, (await $`cat ${`${path}/cert.pem`}`).stdout];
      if (known && known.certificate.reveal() !== certificate) throw new Error(`another CA of generation ${generation} is kept than the one in ${path}; move away the one that is wrong`);
      return { key, certificate };
    },
    summary: "make or restore, and keep",
    needs,
  });
  // Only once it was saved: until then it is made, restored or kept anew.
  return t.task(`generation ${generation} is kept`, { check: noted, apply: sh`: >${`${path}/kept`}`, summary: "note", needs: [made] });
}
