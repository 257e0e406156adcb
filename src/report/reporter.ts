import type { RunEvent } from "../engine/events.ts";

/** A subscriber to a run. A reader that goes away is no error: it must not stop a run that is changing hosts. */
export interface Reporter {
  on(event: RunEvent): void;
  /** Writes what is left and waits until it is out. @throws HawserError when the output was cut short by anything but a closed pipe. */
  end(): Promise<void>;
}

export type RecapEvent = Extract<RunEvent, { event: "recap" }>;
export type ResourceEvent = Extract<RunEvent, { event: "resource" }>;
