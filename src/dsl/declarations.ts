import type { z } from "zod";
import { UsageError, formatSource, type SourceLine } from "../errors/index.ts";
import type { Claim, HostTools, Kind } from "../resources/contract.ts";
import type { Facts } from "../resources/facts.ts";
import { gate, read, task, type ApplyTools, type Unwrapped } from "../resources/task.ts";
import { Sh, Value } from "../shell/index.ts";
import { complaints } from "./complaints.ts";
import type { BlockNode, HandlerNode, Item, ResourceNode } from "./items.ts";
import type { Lane } from "./lane.ts";
import { splitOptions, type CommonOptions, type Declared } from "./options.ts";
import { Kept, type KeptOutput } from "./kept.ts";
import type { HostView } from "./role.ts";
import { callSite } from "./source.ts";
import { valuesIn } from "./values.ts";
import type { Warning } from "./verifier.ts";

/** What one host has been told so far; shared by all its roles, because ids and claims are unique per host. */
export interface HostLedger {
  readonly host: string;
  readonly facts: Facts;
  /** Another host that resources are to act on. @throws UsageError when there is none of that name */
  readonly target: (name: string, source: SourceLine) => { readonly facts: Facts; readonly host: HostView };
  /** The host that does for all what is done once, and what it gives. */
  readonly once: (per: "play" | "batch", role: string, name: string) => { readonly first: boolean; readonly key: string; readonly value: (part: string) => Value<unknown> };
  readonly ids: Map<string, ResourceNode | HandlerNode>;
  readonly claims: Map<string, { claim: Claim; node: ResourceNode }[]>;
  /** Tells the engine which value stands behind an export of this host. */
  readonly export: (role: string, name: string, value: Value<unknown>) => void;
  readonly warnings: Warning[];
}

export interface Scope {
  /** Instance name: the role's name, or `name[as]`. */
  readonly role: string;
  readonly folder: string;
  readonly exports: Readonly<Record<string, z.ZodType>>;
  readonly tags: ReadonlySet<string>;
  readonly ledger: HostLedger;
}

/** Declares resources in order. Nothing here touches a host. Roles get it as `t`, with the kinds' own verbs on top (Tasks). */
export class Declarations {
  readonly scope: Scope;
  #items: Item[] = [];
  /** Tags of the blocks around. */
  protected tagsAround: readonly string[] = [];
  #insideGiven = false;
  /** The host that what is declared now acts on, and the handlers declared for it. */
  protected there: { readonly host: string; readonly handlers: HandlerNode[] } | undefined;
  /** The name of the block with a lane around. */
  protected laneAround: string | undefined;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** Declares a resource of any kind, also one of your own from `defineResource`. */
  add<Schema extends z.ZodType>(kind: Kind<Schema>, args: z.input<Schema>, options: CommonOptions = {}): ResourceNode {
    return this.declare(kind, args, options);
  }

  protected declare(kind: Kind<z.ZodType>, args: unknown, options: CommonOptions, extra: Partial<ResourceNode> = {}): ResourceNode {
    const source = callSite();
    const parsed = kind.args.safeParse(args);
    if (!parsed.success) {
      const [issue] = complaints(parsed.error, kind.args, args);
      const where = issue?.path.length ? ` ${issue.path.join(".")}:` : "";
      throw new UsageError(`${this.scope.role}/${kind.kind}:${where} ${issue?.message ?? "bad arguments"}`, { source, ...(issue?.hint !== undefined && { hint: issue.hint }) });
    }
    const node: ResourceNode = {
      type: "resource",
      id: `${this.scope.role}/${kind.kind}:${kind.key(parsed.data)}${this.there ? ` on ${this.there.host}` : ""}`,
      role: this.scope.role,
      source,
      tags: new Set([...this.scope.tags, ...this.tagsAround, ...(options.tags ?? [])]),
      kind: kind as unknown as ResourceNode["kind"],
      args: parsed.data as never,
      claims: kind.claims(parsed.data),
      needs: flatten(options.needs),
      notify: handlersOf(options.notify),
      values: valuesIn(parsed.data),
      uses: {},
      retries: options.retries ?? 0,
      delay: options.delay ?? 5,
      ...(options.runAs !== undefined && { user: options.runAs }),
      ...(options.applyTimeout !== undefined && { timeout: options.applyTimeout }),
      ...(this.there && { on: this.there.host }),
      ...extra,
    };
    for (const handler of node.notify) {
      if (handler.on !== node.on) throw new UsageError(`${node.id} notifies ${handler.id}, which is a handler ${handler.on === undefined ? "of the host itself" : `on ${handler.on}`}`, { source, hint: "declare the handler where the resource is: both inside t.on, or both outside" });
    }
    this.#register(node);
    this.#claim(node);
    this.#items.push(node);
    return node;
  }

  /** A command to run once, at the end of the block or play, when a resource that names it in `notify` has changed. `formerly` is its id before it was renamed. */
  handler(name: string, run: Sh | ((host: HostTools) => Promise<void>), { runAs, formerly }: { runAs?: string; formerly?: string } = {}): HandlerNode {
    // Its mark lies on the other host, where other hosts leave theirs.
    const there = this.there ? ` on ${this.there.host} for ${this.scope.ledger.host}` : "";
    const node: HandlerNode = { type: "handler", id: `${this.scope.role}/handler:${name}${there}`, role: this.scope.role, name, run, source: callSite(), tags: this.scope.tags, ...(runAs !== undefined && { user: runAs }), ...(formerly !== undefined && { formerly }), ...(this.there && { on: this.there.host }) };
    this.#register(node);
    this.there?.handlers.push(node);
    this.#items.push(node);
    return node;
  }

  /** Runs the pending handlers of this role here instead of at the end. */
  flush(): void {
    this.#items.push({ type: "flush", role: this.scope.role, source: callSite() });
  }

  /**
   * A check that looks and an apply that acts. The check exits 0 when there is nothing to do, 1 when apply would run.
   * `uses` names late values that only the apply takes.
   */
  task<Uses extends Record<string, Value<unknown>> = Record<never, never>>(
    name: string,
    options: CommonOptions & {
      check: Sh;
      apply: Sh | ((tools: ApplyTools<Unwrapped<Uses>>) => Promise<unknown>);
      uses?: Uses;
      predict?: "runs";
      absent?: "while-needs-absent";
      summary?: string;
      /** The apply returns this once-only output, which is kept. */
      makes?: Kept<unknown>;
    },
  ): ResourceNode {
    const { common, own } = splitOptions(options);
    const { uses = {}, apply, makes, ...rest } = own as { uses?: Record<string, Value<unknown>>; apply: unknown; makes?: Kept<unknown> } & Record<string, unknown>;
    if (makes && typeof apply !== "function") throw new UsageError(`${this.scope.role}/task:${name}: what makes a kept output is an async function`, { source: callSite() });
    const withUses = typeof apply === "function" ? (tools: HostTools) => (apply as (tools: HostTools) => Promise<unknown>)({ ...tools, uses: unwrap(uses) } as HostTools) : apply;
    return this.declare(task, { name, apply: withUses, ...rest }, common, { uses, ...(makes && { makes: makes.node }) });
  }

  /** A value read from the host, after its needs are done. `parse` gets the probe's output; without it, the trimmed text. */
  read<T>(name: string, options: CommonOptions & { probe: Sh; parse: (out: string) => T }): Value<T>;
  read(name: string, options: CommonOptions & { probe: Sh }): Value<string>;
  read(name: string, options: CommonOptions & { probe: Sh; parse?: (out: string) => unknown }): Value<unknown> {
    const { common } = splitOptions(options);
    const { value, settle, fail } = Value.pending<unknown>(`${this.scope.role}/read:${name}`);
    this.declare(read, { name, probe: options.probe, parse: options.parse ?? ((out: string) => out.trim()) }, common, {
      produces: value,
      settle: (outcome) => ("failed" in outcome ? fail(outcome.failed) : settle(outcome.value)),
    });
    return value;
  }

  /**
   * An output that the host gives only once, such as the unseal keys of a new Vault: `value` is known once a task that
   * `makes` it has run, in this run or an earlier one. It is kept age-encrypted on the controller; its texts are Secrets.
   */
  kept<S extends z.ZodType>(name: string, schema: S): Kept<KeptOutput<z.output<S>>> {
    this.refuseThere("t.kept", `kept:${name}`);
    const { value, settle, fail } = Value.pending<KeptOutput<z.output<S>>>(`${this.scope.role}/kept:${name}`);
    const node = { type: "kept" as const, id: `${this.scope.role}/kept:${name}`, role: this.scope.role, name, source: callSite(), tags: this.scope.tags, schema, value, settle: settle as (value: unknown) => void, fail };
    this.#items.push(node);
    return new Kept(node, value);
  }

  /** Declares in place what depends on a value: a list that is only known during the run. One level deep. */
  given<T>(name: string, value: Value<T>, declare: (value: T) => void): void {
    const source = callSite();
    this.refuseThere("t.given", `given:${name}`);
    if (this.#insideGiven) throw new UsageError(`${this.scope.role}/given:${name}: a list from a late value cannot stand inside another one`, { source });
    const tags = this.tagsAround;
    this.#items.push({
      type: "given",
      id: `${this.scope.role}/given:${name}`,
      role: this.scope.role,
      name,
      source,
      tags: new Set([...this.scope.tags, ...tags]),
      value,
      declare: () => {
        this.#insideGiven = true;
        try {
          return this.collect(tags, () => declare(value.get()));
        } finally {
          this.#insideGiven = false;
        }
      },
    });
  }

  /**
   * Groups resources: a lane limits how many hosts are inside, `before` is applied only when something in the block is to be done,
   * `rescue` in the case of a failure, `always` in every case, also when the run is stopped.
   * After a rescue the host has failed, and the handlers that the block notified are owed no more; with `afterRescue: "go on"` it goes
   * on with what follows the block, its failures count as rescued, and the handlers run.
   */
  block(name: string, options: { lane?: Lane; tags?: readonly string[]; before?: () => void; rescue?: () => void; afterRescue?: "fail" | "go on"; always?: () => void }, body: () => void): void {
    const source = callSite();
    if (options.afterRescue !== undefined && !options.rescue) throw new UsageError(`${this.scope.role}/block:${name}: afterRescue without a rescue`, { source, hint: "declare in `rescue` what makes the failure good" });
    const tags = [...this.tagsAround, ...(options.tags ?? [])];
    if (options.lane) this.refuseThere("a lane", `block:${name}`);
    const outer = this.laneAround;
    if (options.lane) this.laneAround = name;
    const node: BlockNode = {
      type: "block",
      id: `${this.scope.role}/block:${name}`,
      role: this.scope.role,
      name,
      source,
      tags: new Set([...this.scope.tags, ...tags]),
      ...(options.lane && { lane: options.lane }),
      before: options.before ? this.collect(tags, options.before) : [],
      items: this.collect(tags, body),
      rescue: options.rescue ? this.collect(tags, options.rescue) : [],
      goesOn: options.afterRescue === "go on",
      always: options.always ? this.collect(tags, options.always) : [],
    };
    this.laneAround = outer;
    this.#items.push(node);
  }

  /** What waits for others cannot stand where another host is held. */
  protected refuseThere(what: string, id: string): void {
    if (this.there) throw new UsageError(`${this.scope.role}/${id}: ${what} cannot stand inside t.on("${this.there.host}")`, { source: callSite(), hint: "put t.on inside it" });
  }

  /** Waits on the host until `probe` exits 0. `within` and `every` are seconds. */
  gate(name: string, options: CommonOptions & { probe: Sh; within: number; every?: number }): ResourceNode {
    const { common, own } = splitOptions(options);
    return this.declare(gate, { name, ...own }, common);
  }

  /** In a rescue: puts back the file that this run replaced. */
  restore(node: ResourceNode): ResourceNode {
    return this.declare(task, { name: `restore ${node.id}`, check: Sh.raw("exit 1"), apply: Sh.raw("exit 1"), summary: "put back" }, {}, { restores: node });
  }

  /** Gives a value to other hosts under a name that defineRole's `exports` lists. */
  export(name: string, value: Value<unknown>): void {
    if (!(name in this.scope.exports)) throw new UsageError(`${this.scope.role}: "${name}" is not among the role's exports`, { source: callSite(), hint: `exports: ${Object.keys(this.scope.exports).join(", ") || "none are declared"}` });
    this.scope.ledger.export(this.scope.role, name, value);
  }

  /** Says a weakness that no resource can mend: a part that is missing, a value that is weak. Runs and checks show it; nothing fails. */
  warn(message: string): void {
    this.scope.ledger.warnings.push({ role: this.scope.role, message, source: callSite() });
  }

  protected put(item: Item): void {
    this.#items.push(item);
  }

  protected collect(tags: readonly string[], body: () => void): readonly Item[] {
    const [items, outer] = [this.#items, this.tagsAround];
    this.#items = [];
    this.tagsAround = tags;
    try {
      body();
      return this.#items;
    } finally {
      this.#items = items;
      this.tagsAround = outer;
    }
  }

  #register(node: ResourceNode | HandlerNode): void {
    const before = this.scope.ledger.ids.get(node.id);
    if (before) {
      throw new UsageError(`${node.id} is declared twice on one host`, { source: node.source, hint: `the other declaration is at ${formatSource(before.source)}; give the second use of a role an \`as\`` });
    }
    this.scope.ledger.ids.set(node.id, node);
  }

  #claim(node: ResourceNode): void {
    for (const claim of node.claims) {
      const target = this.there ? `${this.there.host}\0${claim.target}` : claim.target;
      const held = this.scope.ledger.claims.get(target) ?? [];
      const rival = held.find((other) => isRival(claim, other.claim));
      if (rival) {
        throw new UsageError(`${node.id} and ${rival.node.id} both own ${claim.target}`, { source: node.source, hint: `the other owner is declared at ${formatSource(rival.node.source)}` });
      }
      held.push({ claim, node });
      this.scope.ledger.claims.set(target, held);
    }
  }
}

/** Whether two resources cannot both own what they claim. */
export function isRival(claim: Claim, other: Claim): boolean {
  if (claim.wanted !== undefined && claim.wanted === other.wanted) return false;
  return other.part === undefined || claim.part === undefined || other.part === claim.part;
}

function flatten(needs: readonly Declared[] = []): (ResourceNode | HandlerNode)[] {
  return needs.flatMap((need) => need as ResourceNode | HandlerNode | ResourceNode[]);
}

function handlersOf(notify: CommonOptions["notify"]): readonly HandlerNode[] {
  if (notify === undefined) return [];
  return "type" in notify ? [notify] : notify;
}

function unwrap(uses: Record<string, Value<unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(uses).map(([name, value]) => [name, value.get()]));
}

