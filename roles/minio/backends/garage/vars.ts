import { z } from "hawser";

const port = z.number().int().min(1).max(65_535);

/** What Garage alone is told. */
export const garageVars = z
  .strictObject({
    replication_factor: z.number().int().min(1).max(7).optional().describe("Copies of every object, each in a zone of its own where there are as many. Garage cannot change it later. Default: the number of zones, 3 at most."),
    consistency_mode: z.enum(["consistent", "degraded", "dangerous"]).default("consistent").describe("`consistent`: what was acknowledged is what is read next, anywhere. `degraded`: one copy is enough for a read. `dangerous`: for a write too."),
    zone: z.string().regex(/^[\w.-]+$/, "a zone's name has letters, digits, dots, dashes and underscores").optional().describe("What fails as a whole: copies are kept in different ones. Default: the host's region."),
    capacity_gb: z.number().int().min(1).default(100).describe("What this host offers. Garage gives hosts their shares by it, and does not stop there."),
    rpc_timeout_s: z.number().int().min(1).max(300).default(5).describe("Seconds after which a request asks another node than one that says nothing; a block of 1 MiB must arrive in twice that. Until a node that was cut off without a word is given up, which takes Garage up to 90 s, a request may wait so long."),
    rpc_port: port.default(3901).describe("Port of the hosts for one another; all of it is encrypted."),
    local_port: port.default(3900).describe("Port on 127.0.0.1 of Garage's own S3, which has no TLS."),
    admin_port: port.default(3903).describe("Port on 127.0.0.1 of the admin API."),
  })
  .prefault({})
  .describe("Of the backend `garage` alone.");
