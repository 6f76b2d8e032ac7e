import type { SessionView } from '../view.ts';

/** All that a node shows of itself: the JSON of `/status.json`. */
export interface NodeView extends SessionView {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly memoryBytes: number;
  /** What the operator should look into, newest last; bounded. */
  readonly problems: readonly string[];
  readonly folders: { readonly state: string; readonly downloads: string; readonly watch: string };
}

export interface Totals {
  readonly torrents: number;
  readonly downloading: number;
  readonly seeding: number;
  readonly downBytesPerSec: number;
  readonly upBytesPerSec: number;
  readonly peers: number;
}

/** The sums over all torrents. */
export function totalsOf(view: Pick<SessionView, 'torrents'>): Totals {
  const sum = (pick: (torrent: SessionView['torrents'][number]) => number): number =>
    view.torrents.reduce((total, torrent) => total + pick(torrent), 0);
  return {
    torrents: view.torrents.length,
    downloading: sum(({ state }) => (state === 'downloading' ? 1 : 0)),
    seeding: sum(({ state }) => (state === 'seeding' ? 1 : 0)),
    downBytesPerSec: sum(({ downBytesPerSec }) => downBytesPerSec),
    upBytesPerSec: sum(({ upBytesPerSec }) => upBytesPerSec),
    peers: sum(({ peerCount }) => peerCount),
  };
}
