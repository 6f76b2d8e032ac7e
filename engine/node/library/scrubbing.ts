import * as v from 'valibot';
import { Bitfield } from '../../bittorrent/bitfield.ts';
import { pieceIndex } from '../../bittorrent/units.ts';
import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import { Scrub, type ScrubContent, type ScrubPosition } from '../upkeep/scrub.ts';
import { openScrubContent } from '../upkeep/scrub-content.ts';
import type { Entry } from './entry.ts';
import type { LibraryParts } from './library-parts.ts';
import type { NodeBook } from './node-book.ts';
import { parseStored, placed } from './ready.ts';
import type { Runner } from './runner.ts';
import type { Saver } from './saver.ts';

const PAGE = 'scrub';
const positionSchema = v.object({
  /** Empty: between torrents. */
  infoHash: v.string(),
  piece: v.pipe(v.number(), v.integer(), v.minValue(0)),
  bad: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

export interface ScrubbingModules extends LibraryParts {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly nodeBook: NodeBook;
  readonly runner: Runner;
  readonly saver: Saver;
  readonly slab: Slab;
  readonly hashes: HashService;
}

/** The scrub of a library. What it finds is hashed once more by the torrent itself, which then fetches it again. */
export function openScrub(modules: ScrubbingModules): Scrub {
  const { store, entries, nodeBook, runtime, report, publish, saver, runner } = modules;
  const saved = store.page(PAGE, positionSchema);
  const position: ScrubPosition | undefined = saved?.infoHash === '' ? undefined : saved;
  return new Scrub(
    { position },
    {
      clock: runtime.clock,
      rows: function* () {
        for (const { row } of entries.values()) yield row;
      },
      options: () => nodeBook.options,
      open: async (infoHash) => contentOf(entries.get(infoHash), modules),
      onBad: async (infoHash, pieces) => {
        const entry = entries.get(infoHash);
        if (entry === undefined) return;
        report(
          `“${entry.row.name}”: ${pieces.length} damaged ${pieces.length === 1 ? 'piece' : 'pieces'} found`,
        );
        entry.checkWish ??= { pieces: pieces.map(pieceIndex), byUser: false };
        await runner.apply(entry);
      },
      onChecked: (infoHash) => {
        const entry = entries.get(infoHash);
        if (entry === undefined) return;
        publish(entry, { lastCheckedMs: runtime.clock.wallClock() });
        saver.mark(entry);
      },
      onGone: (infoHash) => {
        const entry = entries.get(infoHash);
        if (entry !== undefined) void runner.lookAt(entry);
      },
      save: (at) => store.savePage(PAGE, at ?? { infoHash: '', piece: 0, bad: [] }),
      onError: (error) => report(`the scrub: ${error instanceof Error ? error.message : String(error)}`),
    },
  );
}

/** Undefined when the torrent is gone or something else is done to its files. */
function contentOf(entry: Entry | undefined, modules: ScrubbingModules): ScrubContent | undefined {
  if (entry === undefined || entry.removed || entry.magnet !== '' || entry.trouble !== undefined)
    return undefined;
  if (entry.checkWish !== undefined || entry.row.state === 'moving') return undefined;
  const { torrent, resume } = modules.store.read(entry.infoHash);
  const metainfo = placed(parseStored(entry.infoHash, torrent.torrentFile), entry);
  const atRest = new Bitfield(metainfo.pieceCount, Uint8Array.from(resume.have));
  const { root } = entry.row;
  const none = new Bitfield(metainfo.pieceCount);
  // Once it lies elsewhere, or is being checked, there is nothing more to be seen here.
  const have = (): Bitfield => {
    if (entry.removed || entry.row.root !== root || entry.checkWish !== undefined) return none;
    return entry.live?.managed.have ?? atRest;
  };
  return openScrubContent({ metainfo, root, have }, modules);
}
