export { quote } from "./quote.ts";
export { REDACTED, Secret } from "./secret.ts";
export { Sh, sh, type ShHole } from "./sh.ts";
export { now, Value, ValuePending, type Late, type ValueState } from "./value.ts";
