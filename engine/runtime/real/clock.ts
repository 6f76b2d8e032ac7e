import type { Clock, Milliseconds } from '../port.ts';

/** Time from the operating system. Timers are unreferenced: waiting for one keeps no process alive (but for the end of a turn). */
export function createRealClock(): Clock {
  return {
    now: () => performance.now() as Milliseconds,
    wallClock: () => Date.now(),
    setTimer(delayMs, callback) {
      if (delayMs <= 0) {
        // Referenced: the loop does not wake up for one that is not, and it would wait for the next packet.
        const immediate = setImmediate(callback);
        return { cancel: () => clearImmediate(immediate) };
      }
      // Above 2^31 - 1 ms Node would fire at once; nobody waits 24 days for one timer.
      const timer = setTimeout(callback, Math.min(delayMs, 0x7fffffff)).unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}
