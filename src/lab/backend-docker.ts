import type { LabBackend } from "./backend.ts";
import { LabError } from "./error.ts";
export const dockerBackend = new Proxy({}, { get() { throw new LabError("the docker backend is not built yet"); } }) as LabBackend;
