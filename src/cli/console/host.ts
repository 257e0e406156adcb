import { defineRole, use } from "../../dsl/role.ts";
import { play, playbook } from "../../dsl/play.ts";
import { runPlaybook } from "../../engine/run.ts";
import type { Session } from "../../engine/session.ts";
import { Fragments } from "./output.ts";
import { z } from "zod";
import type { Inventory, InventoryHost } from "../../inventory/index.ts";
import { lent } from "../lent-session.ts";
import { declareAll, type Declaration } from "./declaration.ts";

export interface ConsoleHost {
  readonly host: InventoryHost;
  readonly inventory: Inventory;
  /** The console's own session. */
  readonly session: Session;
  /** Opens another one. */
  readonly open: (host: InventoryHost) => Promise<Session>;
}

/** Plans declarations, or makes them so; what a run says of them goes to `say`. @returns whether all went well */
export async function runDeclarations(declarations: readonly Declaration[], { host, inventory, session, open }: ConsoleHost, check: boolean, say: (text: string) => void): Promise<boolean> {
  const role = defineRole(import.meta, { name: "console", summary: "What is typed.", vars: z.strictObject({}), tasks: ({ t }) => declareAll(t, declarations) });
  const here = { ...role, folder: process.cwd() };
  const book = playbook(import.meta, [play({ name: "console", hosts: host.name, roles: [use(here, {})] })]);
  const output = new Fragments(say, check);
  // A run holds the host's lock for as long as its session lasts, so an apply has one of its own.
  const connect = check ? () => Promise.resolve(lent(session)) : open;
  const recap = await runPlaybook(book, { inventory, connect, check }, (event) => output.on(event));
  return recap.result === "ok";
}
