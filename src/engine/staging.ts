import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { ResourceNode } from "../dsl/items.ts";
import { HawserError } from "../errors/index.ts";
import { PlanError, type Change, type Upload } from "../resources/contract.ts";
import { staged } from "../resources/write.ts";
import { Sh } from "../shell/index.ts";
import { phase } from "./host-context.ts";
import type { HostState } from "./host-state.ts";
import { ConnectionLost, Unreachable } from "./session.ts";
import { toolsFor } from "./solo.ts";

/** Seconds after which a connection that broke is given up. */
const RECONNECT_WITHIN = 60;
/** So often in a row the connection may break without any byte having arrived. */
const MOST_IN_VAIN = 3;

/**
 * Brings the files that a change needs to the host. After a cut, in this run or the last, what has arrived is compared by its
 * hash and the rest is sent.
 * @throws HostFailed
 */
export async function stage(state: HostState, node: ResourceNode, change: Change): Promise<void> {
  const { cx } = state;
  phase(cx, "applying", `${node.id}: uploading`);
  if (node.user !== undefined) state.fail(node, new PlanError("a file of this size cannot be written as another user", "leave out `runAs`, and give `owner` and `group`"));
  try {
    for (let inVain = 0, before = -1; ; ) {
      const there = await whatIsThere(state, change.uploads ?? []);
      try {
        for (const upload of there) await send(state, upload);
        return;
      } catch (error) {
        const arrived = there.reduce((sum, { size }) => sum + size, 0);
        inVain = arrived > before ? 0 : inVain + 1;
        before = arrived;
        if (!(error instanceof ConnectionLost) || inVain >= MOST_IN_VAIN) throw error;
        phase(cx, "reconnecting");
        await toolsFor(cx).reconnect(RECONNECT_WITHIN);
        phase(cx, "applying", `${node.id}: uploading`);
      }
    }
  } catch (error) {
    state.fail(node, error);
  }
}

/** Takes away what was uploaded for a change and not used. */
export async function unstage(state: HostState, change: Change): Promise<void> {
  const names = (change.uploads ?? []).map(({ name }) => staged(name));
  await toolsFor(state.cx).sh(Sh.raw(`rm -f ${names.join(" ")}`));
}

/** What arrived before it is worth keeping. */
export const isConnectionTrouble = (error: unknown): boolean => error instanceof ConnectionLost || error instanceof Unreachable;

interface Staged extends Upload {
  /** On the host. */
  readonly path: string;
  /** Bytes that are there. */
  readonly size: number;
  readonly sha256: string;
}

async function whatIsThere(state: HostState, uploads: readonly Upload[]): Promise<Staged[]> {
  // A copy: the cat of a connection that was cut may still have bytes to write into the old file.
  const looks = uploads.map(({ name }) => `if [ -s ${name} ]; then cp ${name} ${name}.new && mv -f ${name}.new ${name} && echo "$(wc -c <${name}) $(sha256sum <${name})"; else echo 0; fi\n`);
  const seen = await toolsFor(state.cx).sh(Sh.raw(`mkdir -p "$hw_state"/stage && cd "$hw_state"/stage && pwd || exit\n${looks.join("")}`));
  const [folder = "", ...sizes] = seen.out.split("\n");
  if (seen.code !== 0) throw new HawserError("the folder for uploads cannot be made", { stderr: seen.err, hint: "there is no room in /var, or it is read-only" });
  return uploads.map((upload, i) => {
    const [size = "0", sha256 = ""] = (sizes[i] ?? "").trim().split(/\s+/);
    return { ...upload, path: `${folder}/${upload.name}`, size: Number(size), sha256 };
  });
}

async function send({ cx }: HostState, { content, path, size, sha256 }: Staged): Promise<void> {
  const whole = Buffer.isBuffer(content) ? content.length : (await stat(content.localFile)).size;
  const fits = size > 0 && size <= whole && (await hashOf(content, size)) === sha256;
  if (fits && size === whole) return;
  await cx.remote.session.upload(content, path, fits ? size : 0);
}

/** Of the first bytes. */
async function hashOf(content: Upload["content"], size: number): Promise<string> {
  const sum = createHash("sha256");
  if (Buffer.isBuffer(content)) sum.update(content.subarray(0, size));
  else for await (const chunk of createReadStream(content.localFile, { end: size - 1 })) sum.update(chunk as Buffer);
  return sum.digest("hex");
}
