import { z } from "zod";
import { HawserError } from "../errors/index.ts";
import { sh } from "../shell/index.ts";
import { defineResource } from "./contract.ts";

export const todo = defineResource({
  kind: "todo",
  summary: "What is still to be written. It fails when a run or a check comes to it, and says why; what is before it is done.",
  args: z.strictObject({
    /** Names it in reports, and in its id. */
    name: z.string().min(1),
    /** What it shall become, e.g. the line of a playbook that it stands for: `roles/web/tasks/main.yml:12`. */
    from: z.string().optional(),
    /** Why it is not written yet. */
    why: z.string().min(1),
  }),
  key: (args) => args.name,
  claims: () => [],
  probe: () => sh`:`,
  plan: refuse,
  predict: refuse,
});

function refuse({ from, why }: { readonly from?: string | undefined; readonly why: string }): never {
  throw new HawserError(`still to be written${from === undefined ? "" : ` for ${from}`}: ${why}`, { hint: "write it where it is declared, or leave it out of the run with --skip-tags todo" });
}
