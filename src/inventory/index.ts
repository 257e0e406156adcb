export type { BecomeSettings, ConnectionSettings, HostKeyChecking } from "./connection.ts";
export type { InventoryGroup } from "./hierarchy.ts";
export { Inventory, type InventoryHost } from "./inventory.ts";
export { KeptFiles } from "./kept-store.ts";
export { loadInventory, type LoadOptions } from "./load.ts";
export { PatternError, type PatternTrouble } from "./pattern-error.ts";
export { formatPlace, formatProblem, InventoryError, type Place, type Problem } from "./problem.ts";
export type { ExplainedLayer } from "./resolve.ts";
export { didYouMean, suggest } from "./suggest.ts";
