/** Something broken on purpose. */
export interface Fault {
  /** What is about to be broken, in one sentence, for people. */
  readonly what: string;
  /**
   * Breaks it.
   * @returns when it was broken, in seconds on the drill's clock; the earliest moment where that is not known exactly, so that what
   * is measured from it is never too short
   */
  make(): Promise<number>;
  /** Takes it back, also when only half of it was made. @returns when that was done */
  heal(): Promise<number>;
}
