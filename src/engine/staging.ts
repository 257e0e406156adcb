import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { ResourceNode } from "../dsl/items.ts";
import { PlanError, type Change, type Upload } from "../resources/contract.ts";
import { staged } from "../resources/write.ts";
import { Sh } from "../shell/index.ts";
import { type HostContext, phase } from "./host-context.ts";
import type { HostState } from "./host-state.ts";
import { ConnectionLost, Unreachable } from "./session.ts";
import { toolsFor } from "./solo.ts";

/** Seconds after which a connection that broke is given up. */
const RECONNECT_WITHIN = 60;
/** So often in a row the connection may break without any byte having arrived. */
const MOST_IN_VAIN = 3;

/** @throws Error when a local file cannot be read */
export async function bytesToStage({ uploads = [] }: Change): Promise<number> {
  const sizes = await Promise.all(uploads.map(({ content }) => sizeOf(content)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Brings the files that a change needs to the host. After a cut, in this run or the last, what has arrived is compared by its
 * hash and the rest is sent. What a later failure leaves there unused is removed by a run on another day.
 * @throws HostFailed
 */
export async function stage(state: HostState, node: ResourceNode, change: Change): Promise<void> {
  const { cx } = state;
  phase(cx, "applying", `${node.id}: uploading`);
  try {
    if (node.user !== undefined) throw new PlanError("a file of this size cannot be written as another user", "leave out `runAs`, and give `owner` and `group`");
    for (const upload of change.uploads ?? []) await stageOne(cx, upload, () => phase(cx, "applying", `${node.id}: uploading`));
  } catch (error) {
    // After a lost connection the next run goes on with them.
    if (!(error instanceof ConnectionLost || error instanceof Unreachable)) await unstage(cx, change).catch(() => {});
    state.fail(node, error);
  }
}

async function stageOne(cx: HostContext, upload: Upload, onBack: () => void): Promise<void> {
  let inVain = 0;
  for (let before = -1; ; ) {
    const there = cx.stage.names.has(upload.name) ? await partOf(cx, upload.name) : { size: 0, sha256: "" };
    try {
      await send(cx, upload, there);
      cx.stage.names.add(upload.name);
      return;
    } catch (error) {
      inVain = there.size > before ? 0 : inVain + 1;
      before = there.size;
      if (!(error instanceof ConnectionLost) || inVain >= MOST_IN_VAIN) throw error;
      phase(cx, "reconnecting");
      await toolsFor(cx).reconnect(RECONNECT_WITHIN);
      onBack();
    }
  }
}

async function unstage(cx: HostContext, { uploads = [] }: Change): Promise<void> {
  for (const { name } of uploads) cx.stage.names.delete(name);
  await toolsFor(cx).sh(Sh.raw(`rm -f ${uploads.map(({ name }) => staged(name)).join(" ")}`));
}

interface Part {
  /** Bytes that are there. */
  readonly size: number;
  readonly sha256: string;
}

/** A copy takes its place: the cat of a connection that was cut may still have bytes to write into the old file. */
async function partOf(cx: HostContext, name: string): Promise<Part> {
  const seen = await toolsFor(cx).sh(Sh.raw(`cd "\${hw_state:?}"/stage && cp ${name} ${name}.new && mv -f ${name}.new ${name} && wc -c <${name} && sha256sum <${name}`));
  const [size = "", sha256 = ""] = seen.out.trim().split(/\s+/);
  return seen.code === 0 ? { size: Number(size), sha256 } : { size: 0, sha256: "" };
}

async function send(cx: HostContext, { content, name }: Upload, { size, sha256 }: Part): Promise<void> {
  const whole = await sizeOf(content);
  const fits = size > 0 && size <= whole && (await hashOf(content, size)) === sha256;
  if (fits && size === whole) return;
  await cx.remote.upload(content, whole, `${cx.stage.path}/${name}`, { from: fits ? size : 0, gzip: cx.kinds.facts.commands.has("gzip") });
}

async function sizeOf(content: Upload["content"]): Promise<number> {
  return Buffer.isBuffer(content) ? content.length : (await stat(content.localFile)).size;
}

/** Of the first bytes. */
async function hashOf(content: Upload["content"], size: number): Promise<string> {
  const sum = createHash("sha256");
  if (Buffer.isBuffer(content)) sum.update(content.subarray(0, size));
  else for await (const chunk of createReadStream(content.localFile, { end: size - 1 })) sum.update(chunk as Buffer);
  return sum.digest("hex");
}
