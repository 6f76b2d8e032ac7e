import type { PortSummary } from '../directory/policy-types.ts';

/** Ports whose connections last long; circuits for them use Stable relays only. tor manual, LongLivedPorts. */
export const LONG_LIVED_PORTS: ReadonlySet<number> = new Set([
  21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300,
]);

/** Whether a summary lets connections to this port out. O(log n). */
export function summaryAllows(summary: PortSummary, port: number): boolean {
  const { ranges } = summary;
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[2 * middle + 1]! < port) low = middle + 1;
    else high = middle;
  }
  const isInside = 2 * low < ranges.length && ranges[2 * low]! <= port;
  return isInside === summary.isAccept;
}

/** Whether a summary lets nothing out, like `reject 1-65535`. */
export function isRejectAll(summary: PortSummary): boolean {
  const { isAccept, ranges } = summary;
  if (isAccept) return ranges.length === 0;
  let next = 1;
  for (let i = 0; i < ranges.length && ranges[i]! <= next; i += 2) next = ranges[i + 1]! + 1;
  return next > 65_535;
}
