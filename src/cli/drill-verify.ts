import { DrillError } from "../drill/index.ts";
import type { Playbook } from "../dsl/play.ts";
import type { AssertionEvent } from "../engine/events.ts";
import type { Session } from "../engine/session.ts";
import { verifyPlaybook } from "../engine/verify.ts";
import type { Inventory, InventoryHost } from "../inventory/index.ts";

/**
 * What `hawser verify` says of the roles that take part in the drill: that the path to be switched to works, too, is nothing that a
 * drill's own looks could tell.
 * @throws DrillError when a limit is broken
 */
export async function refuseBroken(playbook: Playbook, inventory: Inventory, open: (host: InventoryHost) => Promise<Session>, say: (line: string) => void, force: boolean): Promise<void> {
  const uses = playbook.plays.flatMap(({ roles }) => roles).filter(({ role }) => role.drill && role.verify);
  const roles = [...new Set(uses.map(({ name }) => name))];
  if (roles.length === 0) return;
  const broken: AssertionEvent[] = [];
  const { unreachable, failed, asserted } = await verifyPlaybook(playbook, { inventory, connect: open, selection: { roles } }, (event) => {
    if (event.event === "assertion" && !event.ok) broken.push(event);
  });
  const wrong = [...broken.map(({ host, role, name, value, limit }) => `${role} on ${host === "*" ? "all hosts" : host}: ${name} is ${value ?? "not to be seen"} (limit ${limit})`), ...[...unreachable, ...failed].map((host) => `${host} could not be looked at`)];
  if (wrong.length === 0) return say(`verified: ${asserted} limits of ${roles.join(", ")} are kept`);
  if (!force) throw new DrillError(`something is wrong before anything is broken: ${wrong.join("; ")}`, { hint: "mend it first (hawser verify says more), or --force" });
  for (const what of wrong) say(`wrong before anything is broken: ${what}`);
}
