import { rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HawserError } from "../errors/index.ts";
import { cachedFile } from "./cache.ts";
import { hashOf, partOf } from "./part.ts";
import { type Client, receive, type Receiving, Transient } from "./receive.ts";

/** Tries of one URL after the first, and milliseconds before each. */
const WAITS: readonly number[] = [500, 2000, 5000];

interface Options extends Receiving {
  readonly waits?: readonly number[];
}

/**
 * Fetches an artifact into the cache: from the first URL that has it. It is there whole and compared with its sha256, or not at all;
 * what has arrived of it is kept for the next try.
 * @param urls Of one file, best first.
 * @throws HawserError why each of them failed
 */
export async function download(client: Client, urls: readonly string[], sha256: string, options: Options = {}): Promise<void> {
  const part = await partOf(sha256);
  const failures: HawserError[] = [];
  for (const url of urls) {
    try {
      await fromUrl(client, url, part, sha256, options);
      await rename(part, cachedFile(sha256));
      return;
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first && failures.length === 1) throw first;
  throw new HawserError(failures.map(({ message }) => message).join("; "), first?.hint === undefined ? {} : { hint: first.hint });
}

async function fromUrl(client: Client, url: string, part: string, sha256: string, options: Options, isSecond = false): Promise<void> {
  const before = await withRetries(() => receive(client, url, part, options), options.waits);
  const sum = await hashOf(part);
  if (sum === sha256) return;
  await rm(part);
  // What was gone on with may have been the beginning of something else.
  if (before > 0 && !isSecond) return await fromUrl(client, url, part, sha256, options, true);
  throw new HawserError(`${url} has the sha256 ${sum}, not ${sha256}`, { hint: "compare with what its makers publish: either the sha256 here is another file's, or what is there was replaced" });
}

async function withRetries<T>(run: () => Promise<T>, waits = WAITS): Promise<T> {
  for (const wait of waits) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      await sleep(wait);
    }
  }
  return await run();
}
