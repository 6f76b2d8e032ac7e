import type { Shard } from '../../bittorrent/torrent/shard.ts';
import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { NodeOptions } from '../control/session-options.ts';
import type { Log } from '../log.ts';
import type { ResumeKeeper } from '../resume/keeper.ts';
import type { Session } from '../session.ts';
import type { NodeStore } from '../store/store.ts';
import { moveContent } from '../upkeep/move-content.ts';
import type { MoveData } from './relocation.ts';
import { RUNNER_DEFAULTS, type RunnerOptions } from './runner-options.ts';
import type { StatParts } from './stats.ts';

export interface LibraryOptions extends RunnerOptions {
  /** What holds where the operator has not chosen anything else. */
  readonly defaults: NodeOptions;
  /** Those who ask what has changed are told so long after the first change. */
  readonly tellAfterMs: number;
  /** Torrents in memory beyond which none is woken only because a tracker knows somebody who wants it. */
  readonly wokenMax: number;
  readonly moveData: MoveData;
  /** How often folders and full disks are looked at. */
  readonly lookEveryMs: number;
}

export const LIBRARY_DEFAULTS: Omit<LibraryOptions, 'defaults'> = {
  ...RUNNER_DEFAULTS,
  tellAfterMs: 100,
  wokenMax: 1_000,
  moveData: moveContent,
  lookEveryMs: 30_000,
};

export interface LibraryModules {
  readonly store: NodeStore;
  readonly session: Session;
  readonly shard: Shard;
  /** Made with what {@link import('./resume-store.ts').summarizing} gives. */
  readonly keeper: ResumeKeeper;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly report: (line: string) => void;
  readonly problems: () => readonly string[];
  readonly peerId: Uint8Array;
  /** What the library is scrubbed with; without it, it is not. */
  readonly hashing?: { readonly slab: Slab; readonly hashes: HashService };
  /** What else belongs into the statistics. */
  readonly figures: StatParts['figures'];
}
