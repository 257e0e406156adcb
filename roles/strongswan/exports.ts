import { Secret, z } from "hawser";

export const exported = {
  /** Secrets that lie here and that peers take, by link. */
  made: z.record(z.string(), z.instanceof(Secret)),
  /** Hashes of the secrets that a host accepts for each link; the first is the one that it shows. */
  accepted: z.record(z.string(), z.array(z.string())),
  /** The same, once the host has taken to showing what its peers accept. */
  shown: z.record(z.string(), z.array(z.string())),
};
