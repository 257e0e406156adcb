import type { z } from "zod";
import { schema } from "../../../roles/envoy/vars.ts";
import type { End } from "../../../roles/envoy/mesh.ts";
import { view } from "../harness.ts";

export const ARTIFACT = { url: "https://releases.example/envoy-1.36.2-linux-x86_64", sha256: "a".repeat(64) };
const ECHO = { port: 15051, targets: ["127.0.0.1:50051"] };

/** A host of the mesh with the service echo; `lines` are the vars that have a line of their own in its inventory. */
export function end(name: string, vars: Partial<z.input<typeof schema>> = {}, lines?: readonly string[]): End {
  return { host: view(name, vars.region ?? "la", lines ? { lines } : {}), vars: schema.parse({ region: "la", private_address: "10.10.0.11", public_address: "203.0.113.11", artifact: ARTIFACT, services: { echo: ECHO }, ...vars } satisfies z.input<typeof schema>) };
}

export const LA = end("la-1");
export const SG = end("sg-1", { region: "sg", private_address: "10.20.0.11", public_address: "198.51.100.11" });
