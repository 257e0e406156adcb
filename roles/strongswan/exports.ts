import { Secret, z } from "hawser";

export const exported = {
  /** Secrets that lie here and that peers take, by link. */
  made: z.record(z.string(), z.instanceof(Secret)),
  /** SHA-256 of the file with each link's secret, read after it was loaded. */
  loaded: z.record(z.string(), z.string()),
};
