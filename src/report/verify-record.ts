import type { AssertionEvent, Failure, Verified, VerifyEvent } from "../engine/events.ts";
import type { Warning } from "./run-record.ts";

/** A verification as reports tell it. */
export class VerifyRecord {
  /** When it began. */
  readonly began: Date;
  readonly playbook: string;
  readonly assertions: AssertionEvent[] = [];
  readonly failures: Failure[] = [];
  readonly warnings: (Warning & { readonly host: string })[] = [];
  verified: Verified = { asserted: 0, broken: 0, unreachable: [], failed: [], hosts: 0, seconds: 0 };

  constructor(playbook: string, began = new Date()) {
    this.playbook = playbook;
    this.began = began;
  }

  on(event: VerifyEvent): void {
    if (event.event === "assertion") this.assertions.push(event);
    else if (event.event === "failure") this.failures.push(event.failure);
    else this.warnings.push({ host: event.host, message: event.message, ...(event.source && { source: event.source }) });
  }
}
