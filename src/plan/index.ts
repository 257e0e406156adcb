export { appliedPlan } from "./applied.ts";
export { Collector } from "./collect.ts";
export { drift } from "./compare.ts";
export { newSalt, type PlanEntry, type PlanFile, readPlan, writePlan } from "./file.ts";
