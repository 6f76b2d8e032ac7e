const LONG_MS = 3_600_000;

/** Until the user interrupts the command. Keeps the process alive meanwhile, whatever else there is. */
export function interrupted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, LONG_MS);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
