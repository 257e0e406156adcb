import { z } from "hawser";

/** What RustFS alone is told. */
export const rustfsVars = z
  .strictObject({
    versions_days: z.number().int().min(1).max(3650).default(7).describe("Days for which a former version of an object is kept, and one that was deleted: sites that replicate keep all versions, and only this ends them. What another site has not got yet stays."),
    scan_every_s: z.number().int().min(1).max(86_400).default(60).describe("Seconds between two passes over all objects (`RUSTFS_SCANNER_CYCLE`), which send what could not be sent when it was written, and end what has expired."),
  })
  .prefault({})
  .describe("Of the backend `rustfs` alone.");
