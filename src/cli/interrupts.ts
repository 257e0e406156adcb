const AFTER_BATCH = "stopping after the current batch; press Ctrl-C again to stop now (what runs on hosts runs to its end there)";

/**
 * SIGINT and SIGTERM while a run goes on: the first stops it after the current batch, the second at once.
 * @param first What is said to the first.
 * @returns The two signals for the engine, and how to stop listening.
 */
export function interrupts(say: (message: string) => void, first = AFTER_BATCH): { interrupt: AbortSignal; abort: AbortSignal; dispose: () => void } {
  const [interrupt, abort] = [new AbortController(), new AbortController()];
  const onSignal = (): void => {
    if (!interrupt.signal.aborted) {
      interrupt.abort();
      say(first);
    } else abort.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    interrupt: interrupt.signal,
    abort: abort.signal,
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
