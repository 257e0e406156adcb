import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { ConnectionLost, type UploadOptions } from "../engine/session.ts";
import { HawserError, UsageError } from "../errors/index.ts";
import { quote } from "../shell/index.ts";
import type { Program } from "./program.ts";
import type { ChannelEvents } from "./transport.ts";

/** Bytes that are read and sent at once. */
const CHUNK = 262_144;

export type UploadContent = Buffer | { readonly localFile: string };

type Run = (script: string, events: ChannelEvents) => Promise<Program>;

/**
 * Takes the old file away and makes a new one (noclobber opens with O_EXCL, so nobody's link is written through), or goes on
 * with the one that is there, and counts what arrived. It is not synced: what uses it is. What arrived before a connection was cut
 * stays, so that it need not be sent again; gzip, which fails then, leaves its part on a full disk as well.
 */
function uploadScript(path: string, size: number, from: number, gzip: boolean): string {
  const take = gzip ? "gzip -dc" : "cat";
  return `p=${quote(path)}
${from > 0 ? `${take} >>"$p"` : `rm -f -- "$p" && set -C && ${take} >"$p"`} || { r=$?; ${gzip ? "" : 'rm -f -- "$p"; '}exit $r; }
n=$(wc -c <"$p") && [ "$n" -eq ${size} ] || { printf 'only %s of ${size} bytes arrived\\n' "$n" >&2; exit 74; }
`;
}

/**
 * Streams bytes to a new file of mode 0600.
 * @throws HawserError when the host did not take all of it; the file is gone then where the host could not write it
 * @throws ConnectionLost
 * @throws UsageError when the local file cannot be read
 */
export async function uploadTo(host: string, run: Run, content: UploadContent, path: string, { from = 0, gzip = false }: UploadOptions = {}): Promise<void> {
  if (!path.startsWith("/") || path.includes("\0")) throw new UsageError(`an upload goes to an absolute path, not to ${JSON.stringify(path)}`, { host });
  const size = Buffer.isBuffer(content) ? content.length : await sizeOf(content.localFile);
  const said: Buffer[] = [];
  const shrinks = gzip && (await isWorthIt(content, from));
  const program = await run(uploadScript(path, size, from, shrinks), { onStdout: () => {}, onStderr: (chunk) => said.push(chunk) });
  const sent = await send(content, { from, size, shrinks }, program);
  const exit = await program.closed;
  await program.started;
  if (exit.lost !== undefined) throw new ConnectionLost(`${host}: ${exit.lost}`, { host });
  if (exit.code === 0) return;
  if (sent instanceof UsageError) throw sent;
  const stderr = Buffer.concat(said).toString().trim();
  throw new HawserError(`${host}: the upload to ${path} failed: ${stderr.split("\n").at(-1) || `exit code ${exit.code}`}`, { host, stderr, cause: sent });
}

async function sizeOf(file: string): Promise<number> {
  try {
    const { size, isFile } = await stat(file).then((found) => ({ size: found.size, isFile: found.isFile() }));
    if (!isFile) throw new Error("not a regular file");
    return size;
  } catch (error) {
    throw new UsageError(`cannot upload ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** What went wrong on this side, if anything; the host's own account of it comes first. */
async function send(content: UploadContent, { from, size, shrinks }: { readonly from: number; readonly size: number; readonly shrinks: boolean }, program: Program): Promise<Error | undefined> {
  const local = !Buffer.isBuffer(content);
  // A file that grows while it is read would arrive longer than was announced.
  const source: Readable = local ? createReadStream(content.localFile, { start: from, end: Math.max(from, size - 1), highWaterMark: CHUNK }) : Readable.from(chunks(content, from), { objectMode: false });
  let readError: Error | undefined;
  source.once("error", (error: Error) => (readError = new UsageError(`cannot read ${local ? content.localFile : "the content"}: ${error.message}`, { cause: error })));
  try {
    if (shrinks) await pipeline(source, createGzip(), program.stdin);
    else if (size === from) program.stdin.end();
    else await pipeline(source, program.stdin);
    return undefined;
  } catch (error) {
    program.stdin.end();
    return readError ?? (error as Error);
  }
}

/** Whether the beginning shrinks by a fifth or more; what is compressed already does not. */
async function isWorthIt(content: UploadContent, from: number): Promise<boolean> {
  const sample = Buffer.isBuffer(content) ? content.subarray(from, from + CHUNK) : await beginning(content.localFile, from);
  return sample.length > 0 && gzipSync(sample, { level: 1 }).length < sample.length * 0.8;
}

async function beginning(file: string, from: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start: from, end: from + CHUNK - 1 })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Views of 256 KiB: the channel takes them one by one, and nothing is copied. */
function* chunks(content: Buffer, from: number): Generator<Buffer> {
  for (let at = from; at < content.length; at += CHUNK) yield content.subarray(at, at + CHUNK);
}
