import type { Database } from "./vars.ts";

/** A row for each host in every database, which a health check writes and looks for on the others. */
export const CANARY = "hawser.canary";

/** What is replicated: the declared tables and the canary. */
export const replicated = (database: Pick<Database, "tables">): readonly string[] => [...database.tables, CANARY];
