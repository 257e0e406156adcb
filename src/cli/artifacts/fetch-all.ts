import pLimit from "p-limit";
import { download } from "../../artifacts/download.ts";
import { Client } from "../../artifacts/receive.ts";
import { HawserError } from "../../errors/index.ts";
import type { Wanted } from "./wanted.ts";

/** What becomes of one artifact. */
export type FetchEvent =
  | { readonly event: "progress"; readonly wanted: Wanted; readonly received: number; readonly total: number | undefined }
  | { readonly event: "fetched"; readonly wanted: Wanted; readonly seconds: number }
  | { readonly event: "failed"; readonly wanted: Wanted; readonly error: HawserError };

/** Fetches several at a time; one that fails keeps none of the others. @returns how many failed */
export async function fetchAll(all: readonly Wanted[], atATime: number, listen: (event: FetchEvent) => void): Promise<number> {
  const client = new Client();
  const limit = pLimit(atATime);
  const ended = await Promise.all(all.map((wanted) => limit(async () => {
    const began = performance.now();
    try {
      await download(client, wanted.urls, wanted.sha256, { onProgress: (received, total) => listen({ event: "progress", wanted, received, total }) });
      listen({ event: "fetched", wanted, seconds: (performance.now() - began) / 1000 });
      return true;
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      listen({ event: "failed", wanted, error });
      return false;
    }
  })));
  await client.close();
  return ended.filter((done) => !done).length;
}
