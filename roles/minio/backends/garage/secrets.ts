import { createHash } from "node:crypto";
import { Secret } from "hawser";
import type { Keys } from "../../keys.ts";

/** Known to the nodes of the cluster, and to nobody else. */
const RPC = "hawser-rpc";
/** For the admin API of each host. */
const ADMIN = "hawser-admin";

/** Made once, kept and handed on with the users' keys. */
export const SECRETS: readonly string[] = [RPC, ADMIN];

/** 32 bytes in hexadecimal, which Garage wants of the secret for RPC. @throws Error where the host has none */
function hexOf(keys: Keys, name: string): string {
  const pair = keys[name];
  if (pair === undefined) throw new Error(`the host has no keys of ${name}`);
  return createHash("sha256").update(pair.secret.reveal()).digest("hex");
}

export const rpcSecret = (keys: Keys): Secret => new Secret(`${hexOf(keys, RPC)}\n`);
export const adminToken = (keys: Keys): Secret => new Secret(`${hexOf(keys, ADMIN)}\n`);
/** The same for curl. */
export const adminCurl = (keys: Keys): Secret => new Secret(`header = "Authorization: Bearer ${hexOf(keys, ADMIN)}"\n`);
