import { secret, z } from "hawser";

/** mc splits a URL at them. */
const key = /^[\w.=+-]{3,128}$/;

/** Inventories that are only looked at hold secrets that cannot be opened; those pass. */
function fits(value: z.output<typeof secret>): boolean {
  try {
    return /^[\w/.=+-]{8,128}$/.test(value.reveal());
  } catch {
    return true;
  }
}

/** A MinIO that is there already. */
export const existingVars = z
  .strictObject({
    endpoint: z.string().regex(/^https?:\/\/[a-z0-9.-]+(:\d+)?$/, "a URL without a path: https://minio.example:9000").describe("Where this host's MinIO answers, to this host, to the other sites and to clients."),
    access_key: z.string().regex(key, "3 to 128 letters, digits and `.=+_-`").describe("Of an administrator of the site."),
    secret_key: secret.refine(fits, "8 to 128 letters, digits and `/.=+_-`").describe("Its secret key."),
    ca: z.string().startsWith("-----BEGIN CERTIFICATE-----").optional().describe("PEM of the CA that signed the endpoint's certificate. Default: the system's."),
  })
  .optional()
  .describe("Of the backend `minio-existing` alone: the site that the operator runs.");
