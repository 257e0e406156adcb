import type { z } from "zod";
import type { SourceLine } from "../errors/index.ts";
import type { Claim, HostTools, Kind } from "../resources/contract.ts";
import type { Sh, Value } from "../shell/index.ts";
import type { Lane } from "./lane.ts";

/** What a role declares, in the order of declaration. */
export type Item = ResourceNode | HandlerNode | FlushNode | BlockNode | GivenNode | KeptNode | OnNode | OnceNode;

interface Named {
  /** `role[as]/kind:key`, unique on a host. */
  readonly id: string;
  /** The role's instance: its name, or its name and `[as]`. */
  readonly role: string;
  readonly source: SourceLine;
  readonly tags: ReadonlySet<string>;
}

export interface ResourceNode extends Named {
  readonly type: "resource";
  /** Erased: the node was checked against its kind's schema when it was declared. */
  readonly kind: Kind<z.ZodType<never>>;
  readonly args: never;
  readonly claims: readonly Claim[];
  /** The host that it acts on, when that is another than the one it is declared for. */
  readonly on?: string;
  readonly needs: readonly (ResourceNode | HandlerNode)[];
  readonly notify: readonly HandlerNode[];
  /** Late values found in the arguments; the resource cannot be planned before they are known. */
  readonly values: readonly Value<unknown>[];
  /** Late values that only the apply takes. */
  readonly uses: Readonly<Record<string, Value<unknown>>>;
  /** The user that probe and apply run as; the session's when absent. */
  readonly user?: string;
  /** Seconds that one apply may take. */
  readonly timeout?: number;
  /** How often a failed apply is tried again, and the seconds between. */
  readonly retries: number;
  readonly delay: number;
  /** Told what a read saw: settles its value. */
  readonly settle?: (outcome: { readonly value: unknown } | { readonly failed: string }) => void;
  /** The value that a read brings. */
  readonly produces?: Value<unknown>;
  /** The output that the apply returns, which exists only once. */
  readonly makes?: KeptNode;
  /** The template that a file is rendered from, and what the role gives it as `vars`. */
  readonly template?: { readonly file: string; readonly vars: Readonly<Record<string, unknown>> };
  /** In a rescue: the node whose earlier state is put back. */
  readonly restores?: ResourceNode;
}

export interface HandlerNode extends Named {
  readonly type: "handler";
  readonly name: string;
  readonly run: Sh | ((host: HostTools) => Promise<void>);
  readonly user?: string;
  /** The id that the handler had before it was renamed: what is owed under it is owed still. */
  readonly formerly?: string;
  /** As a resource's. */
  readonly on?: string;
}

/** Runs the role's pending handlers here. */
export interface FlushNode {
  readonly type: "flush";
  readonly role: string;
  readonly source: SourceLine;
}

export interface BlockNode extends Named {
  readonly type: "block";
  readonly name: string;
  readonly lane?: Lane;
  /** Only when something in `items` is to be done. */
  readonly before: readonly Item[];
  readonly items: readonly Item[];
  readonly rescue: readonly Item[];
  /** After a rescue that succeeded the host goes on, instead of having failed. */
  readonly goesOn: boolean;
  readonly always: readonly Item[];
}

/** Declares more once a value is known. */
export interface GivenNode extends Named {
  readonly type: "given";
  readonly name: string;
  readonly value: Value<unknown>;
  readonly declare: () => readonly Item[];
}

/** What is done on another host, in the order of this one. */
export interface OnNode extends Named {
  readonly type: "on";
  readonly host: string;
  readonly items: readonly Item[];
  /** Those that the items declare; they run at the end of them. */
  readonly handlers: readonly HandlerNode[];
}

/** What one host does for all of a play or batch. The others wait until it is done. */
export interface OnceNode extends Named {
  readonly type: "once";
  readonly name: string;
  /** Empty on the hosts that wait. */
  readonly items: readonly Item[];
  /** Known once it was done. */
  readonly done: Value<unknown>;
  /** On the host that does it: says that it was done. */
  readonly settle?: () => void;
}

/** An output that a host gives only once, kept encrypted on the controller. */
export interface KeptNode extends Named {
  readonly type: "kept";
  readonly name: string;
  readonly schema: z.ZodType;
  readonly value: Value<unknown>;
  readonly settle: (value: unknown) => void;
  /** It will not be known: why. */
  readonly fail: (why: string) => void;
}

/** Every resource node on the host itself, blocks included, without their rescue parts. Lists that are not known yet have none. */
export function resourcesOf(items: readonly Item[]): ResourceNode[] {
  return collect(items, false);
}

/** The same with those that act on other hosts. */
export function everyResource(items: readonly Item[]): ResourceNode[] {
  return collect(items, true);
}

function collect(items: readonly Item[], elsewhere: boolean): ResourceNode[] {
  return items.flatMap((item) => {
    if (item.type === "resource") return [item];
    if (item.type === "block") return collect([...item.before, ...item.items, ...item.always], elsewhere);
    return item.type === "once" || (item.type === "on" && elsewhere) ? collect(item.items, elsewhere) : [];
  });
}

/** Everything that is done on other hosts, rescue parts included. */
export function sectionsOf(items: readonly Item[]): OnNode[] {
  return items.flatMap((item) => {
    if (item.type === "on") return [item];
    if (item.type === "block") return sectionsOf([...item.before, ...item.items, ...item.rescue, ...item.always]);
    return item.type === "once" ? sectionsOf(item.items) : [];
  });
}

/** Every kept output that the items declare. */
export function keptOf(items: readonly Item[]): KeptNode[] {
  return items.flatMap((item) => (item.type === "kept" ? [item] : item.type === "block" || item.type === "once" ? keptOf(item.items) : []));
}
