export { localBackendFor } from "./choose.ts";
export { LabError } from "./error.ts";
export { labExec, labExecArgv, labHost, labSshArgs } from "./host-control.ts";
export { labDown, labNames, labSetRtt, labStatus, labUp, type LabUpOptions } from "./lab.ts";
export { installPrerequisites, labPrerequisites, type Prerequisite } from "./prerequisites.ts";
export type { Ran } from "./run.ts";
export { validateSpec } from "./spec.ts";
export type {
  Backend,
  BackendName,
  LabHost,
  LabHostState,
  LabImage,
  LabProgress,
  LabRtt,
  LabSpec,
  LabState,
  OnProgress,
} from "./types.ts";
