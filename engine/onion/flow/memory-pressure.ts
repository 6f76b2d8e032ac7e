/** A circuit, or a connection outside of circuits, as far as memory is concerned. */
export interface QueuedMemory {
  /** All that closing it would free: cells, stream buffers. */
  readonly queuedBytes: number;
  /** When the oldest of it came, milliseconds; undefined: nothing is queued. */
  readonly oldestQueuedMs: number | undefined;
}

/** What is freed under pressure: down to this part of the limit, so that it is not done again at once. */
const TARGET_PART = 0.9;
/** Above this part of the limit the relay calls itself under memory pressure. */
const PRESSURE_PART = 0.75;

/**
 * Which circuits to close with DESTROY reason 5 (resource limit): none while `usedBytes` ≤ `limitBytes`, else those
 * whose oldest cell has waited longest, until what is left is at most 90 % of the limit. Whoever fills queues that he
 * does not empty thereby loses his own circuits (dos-spec, responding to low memory). O(n log n), only at the limit.
 */
export function circuitsToClose<Circuit extends QueuedMemory>(
  circuits: Iterable<Circuit>,
  usedBytes: number,
  limitBytes: number,
): readonly Circuit[] {
  if (usedBytes <= limitBytes) return [];
  const queued = [...circuits].filter((circuit) => circuit.oldestQueuedMs !== undefined);
  queued.sort((a, b) => a.oldestQueuedMs! - b.oldestQueuedMs! || b.queuedBytes - a.queuedBytes);
  let left = usedBytes;
  let count = 0;
  while (left > limitBytes * TARGET_PART && count < queued.length) left -= queued[count++]!.queuedBytes;
  return queued.slice(0, count);
}

/** Whether a relay has to report memory pressure (dos-spec, low threshold: three quarters of the limit). */
export function isUnderMemoryPressure(usedBytes: number, limitBytes: number): boolean {
  return usedBytes > limitBytes * PRESSURE_PART;
}
