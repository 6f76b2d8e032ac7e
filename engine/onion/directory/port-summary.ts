import type { PortSummary } from './policy-types.ts';
import { failure, type Result, success } from './result.ts';
import { excerpt, readInteger } from './text.ts';

/** Ranges in one summary: the text that authorities write is at most 1,000 characters. */
const RANGES_MAX = 1000;

/** Lets nothing out; what a microdescriptor without a `p` line means. */
export const REJECT_ALL: PortSummary = { isAccept: false, ranges: [1, 65535] };

/** Whether a policy by port lets this port (1 … 65535) out. */
export function summaryAllows(summary: PortSummary, port: number): boolean {
  const { ranges } = summary;
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[2 * middle + 1]! < port) low = middle + 1;
    else high = middle;
  }
  const isListed = low < ranges.length / 2 && ranges[2 * low]! <= port;
  return isListed === summary.isAccept;
}

/** Whether it lets out no port at all. */
export function isRejectAll(summary: PortSummary): boolean {
  if (summary.isAccept) return summary.ranges.length === 0;
  return summary.ranges[0] === 1 && summary.ranges.length === 2 && summary.ranges[1] === 65535;
}

/** Reads `accept 80,443,8000-8010` or `reject 25`. Ports may be in any order. dir-spec, `p`. */
export function parsePortSummary(text: string): Result<PortSummary> {
  const space = text.indexOf(' ');
  const word = text.slice(0, Math.max(space, 0));
  if (word !== 'accept' && word !== 'reject')
    return failure(`“${excerpt(text)}” is neither accept nor reject`);
  const parts = text.slice(space + 1).split(',', RANGES_MAX + 1);
  if (parts.length > RANGES_MAX) return failure(`more than ${RANGES_MAX} ranges of ports`);
  const pairs: (readonly [number, number])[] = [];
  for (const part of parts) {
    const dash = part.indexOf('-');
    const low = readInteger(dash < 0 ? part : part.slice(0, dash), 65535);
    const high = dash < 0 ? low : readInteger(part.slice(dash + 1), 65535);
    if (low === undefined || high === undefined || low < 1 || low > high) {
      return failure(`“${excerpt(part)}” is no range of ports`);
    }
    pairs.push([low, high]);
  }
  return success({ isAccept: word === 'accept', ranges: joinRanges(pairs) });
}

/** Sorts ranges and joins those that touch. */
export function joinRanges(pairs: readonly (readonly [number, number])[]): number[] {
  const sorted = pairs.toSorted((a, b) => a[0] - b[0]);
  const ranges: number[] = [];
  for (const [low, high] of sorted) {
    const last = ranges.length - 1;
    if (last > 0 && low <= ranges[last]! + 1) ranges[last] = Math.max(ranges[last]!, high);
    else ranges.push(low, high);
  }
  return ranges;
}

/** The text of {@link parsePortSummary}. */
export function portSummaryText(summary: PortSummary): string {
  const parts: string[] = [];
  for (let at = 0; at < summary.ranges.length; at += 2) {
    const [low, high] = [summary.ranges[at]!, summary.ranges[at + 1]!];
    parts.push(low === high ? `${low}` : `${low}-${high}`);
  }
  return `${summary.isAccept ? 'accept' : 'reject'} ${parts.join(',')}`;
}
