import type { NodeStats } from '../control/session-options.ts';
import type { Session } from '../session.ts';
import type { Entry } from './entry.ts';
import type { NodeBook, Totals } from './node-book.ts';

/** What statistics are made from. */
export interface StatParts {
  readonly nodeBook: NodeBook;
  /** With this run. */
  readonly totals: Totals;
  readonly states: Readonly<Record<string, number>>;
  readonly live: ReadonlySet<Entry>;
  readonly session: Session;
  readonly problems: () => readonly string[];
  readonly figures: () => {
    readonly dhtNodes: number;
    readonly threadCount: number;
    readonly memoryBytes: number;
  };
  readonly startedAtMs: number;
}

/** The whole node in figures. */
export function statsOf(parts: StatParts): NodeStats {
  const { totals, nodeBook, session, startedAtMs, states } = parts;
  const { slab, hashing, closeReasons, connectionCount, listening } = session.view();
  const { dhtNodes, threadCount, memoryBytes } = parts.figures();
  let downBytesPerSec = 0;
  let upBytesPerSec = 0;
  for (const { row } of parts.live) {
    downBytesPerSec += row.downBytesPerSec;
    upBytesPerSec += row.upBytesPerSec;
  }
  return {
    ...{ startedAtMs, listening, downBytesPerSec, upBytesPerSec, connectionCount, dhtNodes, states },
    downloadedBytes: totals.downloadedBytes - nodeBook.totals.downloadedBytes,
    uploadedBytes: totals.uploadedBytes - nodeBook.totals.uploadedBytes,
    downloadedEverBytes: totals.downloadedBytes,
    uploadedEverBytes: totals.uploadedBytes,
    secondsEver: Math.floor(totals.aliveMs / 1000),
    startsEver: totals.starts,
    slab,
    hashing: { ...hashing, threadCount },
    closeReasons,
    memoryBytes,
    problems: parts.problems(),
  };
}
