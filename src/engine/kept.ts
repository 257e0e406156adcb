import type { KeptNode, ResourceNode } from "../dsl/items.ts";
import { HawserError } from "../errors/index.ts";
import type { HostTools } from "../resources/contract.ts";
import { quote, Secret, Sh } from "../shell/index.ts";
import type { HostContext } from "./host-context.ts";
import type { Redactor } from "./redactor.ts";
import type { Skips } from "./selection.ts";

/** Where the controller keeps outputs that a host gives only once, encrypted. Names are `<host>/<role>/<name>`. */
export interface KeptStore {
  /** The text behind a name, or undefined when nothing is kept. @throws when it is there but cannot be read. */
  load(name: string): Promise<string | undefined>;
  /** Makes sure that recipients are known and the place can be written. @throws naming what is missing. */
  prove(): Promise<void>;
  /** For the recipients; what it returns may lie anywhere. */
  encrypt(text: string): Promise<string>;
  /** Writes what `encrypt` returned, durably. */
  save(name: string, encrypted: string): Promise<void>;
}

const nameOf = (host: string, node: KeptNode): string => `${host}/${node.role}/${node.name}`;

/** The encrypted copy on the host, as a shell word, until the controller has it. */
const copyOf = (node: KeptNode): string => `"$hw_state"/kept/${quote(encodeURIComponent(node.id))}`;

/** A once-only output of a host. */
export interface KeptOfHost {
  readonly host: string;
  readonly node: KeptNode;
}

/** What the controller has of it, or undefined. */
async function opened({ host, node }: KeptOfHost, store: KeptStore): Promise<unknown> {
  const text = await store.load(nameOf(host, node));
  return text === undefined ? undefined : parse(node, text);
}

/** What a run of these resources makes, as far as it is not left out. */
export function madeBy(nodes: readonly ResourceNode[], skips: Skips): KeptNode[] {
  return nodes.flatMap((node) => (node.makes && skips(node) === undefined ? [node.makes] : []));
}

/**
 * Opens what is kept, and sees to it that what is still to be made can be kept: before anything is changed, so that no run finds out
 * after an hour that the key at hand is another.
 * @param makes Whether a run makes this output, when it is not there.
 * @throws what `load` and `prove` throw, or HawserError when what is kept is not what its schema says.
 */
export async function proveKept(outputs: readonly KeptOfHost[], store: KeptStore, makes: (node: KeptNode) => boolean): Promise<void> {
  for (const output of outputs) {
    if ((await opened(output, store)) === undefined && makes(output.node)) await store.prove();
  }
}

/** Settles the values that the controller has. */
export async function loadKept(host: string, nodes: readonly KeptNode[], store: KeptStore | undefined, redactor: Redactor): Promise<void> {
  for (const node of nodes) {
    const value = store && (await opened({ host, node }, store));
    if (value !== undefined) settle(node, value, redactor);
  }
}

function settle(node: KeptNode, value: unknown, redactor: Redactor): void {
  redactor.addAll(value);
  node.settle(value);
}

function parse(node: KeptNode, text: string): unknown {
  const parsed = node.schema.safeParse(JSON.parse(text));
  if (parsed.success) return hide(parsed.data);
  throw new HawserError(`what is kept as ${node.id} is not what its schema says: ${parsed.error.issues[0]?.message ?? ""}`, { source: node.source });
}

/** What a host gives only once is secret: its texts become Secrets. */
function hide(value: unknown): unknown {
  if (typeof value === "string") return new Secret(value);
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
  return value;
}

/** Fetches copies that an earlier run left on the host because it could not save them here. */
export async function recoverKept(cx: HostContext, nodes: readonly KeptNode[], tools: HostTools): Promise<void> {
  for (const node of nodes) if (cx.kept && !node.value.known) await recover(cx, node, cx.kept, tools);
}

async function recover(cx: HostContext, node: KeptNode, store: KeptStore, tools: HostTools): Promise<void> {
  const found = await tools.sh(Sh.raw(`cat ${copyOf(node)} 2>/dev/null`));
  if (found.code !== 0 || found.out === "") return;
  await store.save(nameOf(cx.host, node), found.out);
  const text = await store.load(nameOf(cx.host, node));
  if (text === undefined) throw new HawserError(`${node.id} was saved, but cannot be read back`);
  await tools.sh(Sh.raw(`rm -f ${copyOf(node)}`));
  settle(node, parse(node, text), cx.redactor);
  cx.hub.notify();
}

/**
 * Runs an apply whose output exists only once and keeps it: proven before, encrypted, copied to the host, saved here, and
 * only then forgotten on the host. Output that was made but not saved is never made again: the next run fetches the copy.
 */
export async function runKeeping(cx: HostContext, node: ResourceNode, kept: KeptNode, apply: () => Promise<unknown>, tools: HostTools): Promise<void> {
  const store = cx.kept;
  if (!store) throw new HawserError(`${node.id} makes ${kept.id}, but this run has no place to keep it`, { hint: "put age recipients into recipients.txt in the inventory folder" });
  await store.prove();
  const ready = await tools.sh(Sh.raw(`mkdir -p "$hw_state"/kept && chmod 0700 "$hw_state"/kept && : > ${copyOf(kept)} && rm -f ${copyOf(kept)}`));
  if (ready.code !== 0) throw new HawserError(`${node.id}: its output could not be kept on the host, so it was not made`, { stderr: ready.err });
  const output = await apply();
  const parsed = kept.schema.safeParse(output);
  if (!parsed.success) throw new HawserError(`${node.id} ran, but what it returned is not what ${kept.id} takes: ${parsed.error.issues[0]?.message ?? ""}`, { hint: "its output is lost to hawser: take it from the host by hand" });
  const encrypted = await store.encrypt(JSON.stringify(output));
  const copied = await tools.sh(Sh.lines(Sh.raw(`cat > ${copyOf(kept)} && sync`)).stdin(encrypted));
  await store.save(nameOf(cx.host, kept), encrypted).catch((cause: unknown) => {
    throw new HawserError(`${node.id} ran, but its output could not be saved here: ${(cause as Error).message}`, {
      cause,
      hint: copied.code === 0 ? "an encrypted copy waits on the host; the next run fetches it" : "no copy could be left on the host either",
    });
  });
  await tools.sh(Sh.raw(`rm -f ${copyOf(kept)}`));
  settle(kept, hide(parsed.data), cx.redactor);
  cx.hub.notify();
}
