import { HawserError } from "../errors/index.ts";

/** A drill that did not come about: nothing was broken, or what was is healed. */
export class DrillError extends HawserError {
  override readonly name = "DrillError";
}

/** Somebody stopped the drill; what was broken is healed. */
export class DrillInterrupted extends HawserError {
  override readonly name = "DrillInterrupted";
}
