import type { Vars } from "../vars.ts";
import type { Backend } from "./backend.ts";
import { existing } from "./existing/backend.ts";
import { garage } from "./garage/backend.ts";
import { rustfs } from "./rustfs/backend.ts";
import { seaweedfs } from "./seaweedfs/backend.ts";

const BACKENDS: Readonly<Record<Vars["backend"], Backend>> = { seaweedfs, garage, "minio-existing": existing, rustfs };

export const backendOf = ({ backend }: Pick<Vars, "backend">): Backend => BACKENDS[backend];
