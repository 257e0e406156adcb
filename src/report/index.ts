export { formatError, type ErrorFormat } from "./error.ts";
export { exitCode, type RunEnd } from "./exit-code.ts";
export { humanReporter, type HumanOptions } from "./human.ts";
export { jsonReporter } from "./json.ts";
export type { Reporter } from "./reporter.ts";
export { colors } from "./style.ts";
export { Timing } from "./timing.ts";
export { traceOf } from "./trace.ts";
export { humanVerifyReporter, jsonVerifyReporter, verifyExitCode, type VerifyReporter } from "./verify.ts";
