import type { Vars } from "../vars.ts";
import type { Backend } from "./backend.ts";
import { existing } from "./existing/backend.ts";
import { garage } from "./garage/backend.ts";
import { seaweedfs } from "./seaweedfs/backend.ts";

const BACKENDS: Partial<Readonly<Record<Vars["backend"], Backend>>> = { seaweedfs, garage, "minio-existing": existing };

/** @throws Error for a backend that the vars refuse */
export function backendOf({ backend }: Pick<Vars, "backend">): Backend {
  const found = BACKENDS[backend];
  if (found === undefined) throw new Error(`minio has no backend ${backend}`);
  return found;
}
