/** How long a new worker waits for the seat of one that is on its way out. */
const SEAT_TIMEOUT_MS = 10_000;

/**
 * Takes a free seat for the calling worker; throws when none comes free within `timeoutMs`. There are as many seats as
 * workers, but a successor may be there before the thread of its predecessor has quite ended.
 */
export function takeSeat(seats: Int32Array, threadId: number, timeoutMs = SEAT_TIMEOUT_MS): number {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    for (let seat = 0; seat < seats.length; seat += 1) {
      if (Atomics.compareExchange(seats, seat, 0, threadId) === 0) return seat;
    }
    const leftMs = deadline - performance.now();
    const taken = Atomics.load(seats, 0);
    if (leftMs <= 0) throw new Error(`no free seat among ${seats.length} for a new worker`);
    if (taken !== 0) Atomics.wait(seats, 0, taken, Math.min(leftMs, 5));
  }
}

/** Frees the seat of a thread that has ended. */
export function freeSeat(seats: Int32Array, threadId: number): void {
  for (let seat = 0; seat < seats.length; seat += 1) {
    if (Atomics.compareExchange(seats, seat, threadId, 0) === threadId) Atomics.notify(seats, seat);
  }
}
