import { Sh, sh } from "../shell/index.ts";
import type { Facts } from "./facts.ts";
import type { Look } from "./look.ts";

export interface Attributes {
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

export type WantedAttributes = { readonly [K in keyof Attributes]?: string | undefined };

/** A new file belongs to the user who works on the host, nearly always root, and everybody may read it. */
export const NEW_FILE: Attributes = { mode: "0644", owner: "root", group: "root" };

export function attributesAfter(look: Pick<Look, "kind" | keyof Attributes>, wanted: WantedAttributes, fresh: Attributes = NEW_FILE): Attributes {
  const base = look.kind === "absent" ? fresh : look;
  return { mode: wanted.mode ?? base.mode, owner: wanted.owner ?? base.owner, group: wanted.group ?? base.group };
}

/** Gives something new the SELinux label that the policy has for its path; what it would inherit is its folder's. */
export function relabel(path: Sh, facts: Facts): Sh | undefined {
  return facts.selinux !== "disabled" && facts.commands.has("restorecon") ? sh`restorecon ${path} || :` : undefined;
}

/** Changes owner and mode of what is there, without a state in between that is wider than both. */
export function changeAttributes(path: string, from: Attributes, to: Attributes): Sh {
  const owned = from.owner !== to.owner || from.group !== to.group;
  const narrow = narrowest(from.mode, to.mode);
  const owner = from.owner === to.owner ? `:${to.group}` : from.group === to.group ? to.owner : `${to.owner}:${to.group}`;
  // chown clears the set-id bits of a file.
  const again = owned && (narrow !== from.mode || /^[2-7]/.test(to.mode));
  return Sh.lines(
    owned && narrow !== from.mode && sh`chmod ${exactMode(narrow)} ${path}`,
    owned && sh`chown ${owner} ${path}`,
    (again || from.mode !== to.mode) && sh`chmod ${exactMode(to.mode)} ${path}`,
  );
}

/** GNU chmod leaves a folder's set-id bits alone unless the mode has five digits. */
export function exactMode(mode: string): string {
  return mode.padStart(5, "0");
}

/** The bits that both modes have. */
export function narrowest(a: string, b: string): string {
  return (Number.parseInt(a, 8) & Number.parseInt(b, 8)).toString(8).padStart(4, "0");
}

/** `mode 0644 -> 0600`, `owner root -> app`, … for the summary. */
export function describeAttributes(from: Attributes, to: Attributes): string[] {
  return (["mode", "owner", "group"] as const).flatMap((name) => (from[name] === to[name] ? [] : [`${name} ${from[name]} -> ${to[name]}`]));
}
