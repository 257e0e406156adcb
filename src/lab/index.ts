export { localBackendFor } from "./choose.ts";
export { LabError } from "./error.ts";
export { labCut, labHeal, labLoss } from "./fault-control.ts";
export { faultText, trafficText } from "./faults.ts";
export { labExec, labExecArgv, labHost, labSshArgs } from "./host-control.ts";
export { labDown, labNames, labSetRtt, labStatus, labUp, type LabUpOptions } from "./lab.ts";
export { installPrerequisites, labPrerequisites, type Prerequisite } from "./prerequisites.ts";
export { obtainUmlKernel } from "./uml-kernel-build.ts";
export type { Ran } from "./run.ts";
export { validateSpec } from "./spec.ts";
export type {
  Backend,
  BackendName,
  LabFault,
  LabHost,
  LabHostState,
  LabImage,
  LabProgress,
  LabRtt,
  LabSpec,
  LabState,
  LabTraffic,
  OnProgress,
} from "./types.ts";
