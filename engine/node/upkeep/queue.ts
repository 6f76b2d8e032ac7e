/** A torrent that would run if it may: neither stopped nor in a state in which it cannot run. */
export interface QueueEntry {
  readonly infoHash: string;
  /** It has something to fetch, or it only serves. */
  readonly wants: 'download' | 'seed';
  /** From 0: who is lower goes first. */
  readonly position: number;
  /** It runs whatever the limits say, and takes nobody's place. */
  readonly forced: boolean;
  /** It runs now. */
  readonly isRunning: boolean;
  /** Milliseconds since it last moved payload, or since it was started if that was later. */
  readonly stillMs: number;
}

/** As in {@link import('../control/session-options.ts').NodeOptions}. */
export interface QueueOptions {
  /** 0: all. */
  readonly activeDownloadsMax: number;
  readonly activeSeedsMax: number;
  /** 0: a download counts however long it has not moved. */
  readonly stalledAfterMs: number;
  /** Stalled downloads that do not count; those beyond count like others. Default {@link UNCOUNTED_MAX}. */
  readonly uncountedMax?: number;
}

/** So many downloads without a peer may run beside the ones that move: each costs announces and memory. */
export const UNCOUNTED_MAX = 500;

/**
 * Which torrents run: the info-hashes, those that run on and those to be started. Downloads and seeds have queues of
 * their own in the order of their positions. A running download that has not moved for long takes no place, so that
 * the next one has a turn; it stays where it is in the queue, and takes its place back when it moves.
 */
export function chooseRunning(entries: Iterable<QueueEntry>, options: QueueOptions): Set<string> {
  const chosen = new Set<string>();
  let downloads = options.activeDownloadsMax === 0 ? Number.POSITIVE_INFINITY : options.activeDownloadsMax;
  let seeds = options.activeSeedsMax === 0 ? Number.POSITIVE_INFINITY : options.activeSeedsMax;
  let uncounted = options.uncountedMax ?? UNCOUNTED_MAX;
  for (const entry of inOrder(entries)) {
    if (entry.forced) chosen.add(entry.infoHash);
    else if (entry.wants === 'seed') {
      if (seeds <= 0) continue;
      seeds -= 1;
      chosen.add(entry.infoHash);
    } else if (uncounted > 0 && isStalled(entry, options)) {
      uncounted -= 1;
      chosen.add(entry.infoHash);
    } else if (downloads > 0) {
      downloads -= 1;
      chosen.add(entry.infoHash);
    }
  }
  return chosen;
}

export type QueueMove = 'top' | 'up' | 'down' | 'bottom';

/**
 * The queue after some of its torrents were moved, first one first. Those that move keep their order among
 * themselves; `up` and `down` are one step each, and who stands at the end stays there.
 */
export function moveInOrder(
  order: readonly string[],
  moved: ReadonlySet<string>,
  where: QueueMove,
): string[] {
  if (where === 'up') return stepUp(order, moved);
  if (where === 'down') return stepUp(order.toReversed(), moved).reverse();
  const some = order.filter((infoHash) => moved.has(infoHash));
  const others = order.filter((infoHash) => !moved.has(infoHash));
  return where === 'top' ? [...some, ...others] : [...others, ...some];
}

function stepUp(order: readonly string[], moved: ReadonlySet<string>): string[] {
  const next = [...order];
  for (let at = 1; at < next.length; at += 1) {
    const above = next[at - 1]!;
    const here = next[at]!;
    if (!moved.has(here) || moved.has(above)) continue;
    next[at - 1] = here;
    next[at] = above;
  }
  return next;
}

function isStalled(entry: QueueEntry, { stalledAfterMs }: QueueOptions): boolean {
  return stalledAfterMs > 0 && entry.isRunning && entry.stillMs >= stalledAfterMs;
}

/** By position; sorting is left out when the caller has them in order already, which at 100,000 is worth it. */
function inOrder(entries: Iterable<QueueEntry>): readonly QueueEntry[] {
  const list = [...entries];
  for (let at = 1; at < list.length; at += 1) {
    if (list[at - 1]!.position > list[at]!.position) return list.sort((a, b) => a.position - b.position);
  }
  return list;
}
