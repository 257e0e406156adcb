/** A promise with its two ends in hand. A rejection that nobody waits for is not an unhandled one. */
export interface Settleable<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function settleable<T>(): Settleable<T> {
  const ends: { resolve?: (value: T) => void; reject?: (reason: unknown) => void } = {};
  const promise = new Promise<T>((resolve, reject) => Object.assign(ends, { resolve, reject }));
  promise.catch(() => {});
  return { promise, ...(ends as Required<typeof ends>) };
}
