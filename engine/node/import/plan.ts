import type { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { pieceIndex } from '../../bittorrent/units.ts';
import { hex } from '../../codec/hex.ts';
import type { FileMark } from '../store/schema.ts';
import { fileStateAt } from '../verify/file-state.ts';
import { type Judgement, judgeSource } from './judge.ts';
import { type ImportSource, readSource } from './read-source.ts';
import type { PathMapping } from './source-paths.ts';
import type { SourceTorrent } from './types.ts';

/** One line of what an import does. */
export interface ImportLine {
  readonly source: string;
  readonly name: string;
  /** As in {@link import('../control/row.ts').TorrentRow}; empty when it could not be read. */
  readonly infoHash: string;
  readonly outcome: 'taken' | 'known' | 'refused';
  /** Why it is not taken, or what is to be said of one that is; may be empty. */
  readonly note: string;
  readonly root: string;
  readonly contentBytes: number;
  /** Bytes believed without being hashed, and bytes to be hashed. */
  readonly believedBytes: number;
  readonly doubtfulBytes: number;
}

/** A torrent that can be taken over. */
export interface PlannedTorrent {
  readonly infoHash: string;
  readonly source: SourceTorrent;
  readonly judgement: Judgement;
  readonly marks: readonly FileMark[];
}

/** Where torrents go. */
export interface ImportTarget {
  has(infoHash: string): boolean;
  /** Called for each torrent that is taken, one after the other. */
  take(torrent: PlannedTorrent): Promise<void>;
}

export interface ImportTotals {
  readonly taken: number;
  readonly known: number;
  readonly refused: number;
  readonly believedBytes: number;
  readonly doubtfulBytes: number;
}

/**
 * Goes through a state folder and gives every torrent in it that can be taken to `target`. Data is looked at, not
 * read. `onLine` hears of each one; rejects only when the folder or the target fails.
 */
export async function importAll(
  options: {
    readonly source: ImportSource;
    readonly mappings: readonly PathMapping[];
    readonly signal?: AbortSignal;
    readonly onLine: (line: ImportLine) => void;
  },
  modules: { readonly target: ImportTarget },
): Promise<ImportTotals> {
  const { target } = modules;
  const seen = new Set<string>();
  const totals = { taken: 0, known: 0, refused: 0, believedBytes: 0, doubtfulBytes: 0 };
  for (const result of readSource(options.source, options.mappings)) {
    options.signal?.throwIfAborted();
    let line: ImportLine;
    if (!result.ok) line = { ...NOTHING, source: result.source, name: result.name, note: result.why };
    else {
      const planned = planTorrent(result.torrent);
      const isKnown = seen.has(planned.infoHash) || target.has(planned.infoHash);
      line = lineOf(planned, isKnown);
      seen.add(planned.infoHash);
      if (line.outcome === 'taken') await target.take(planned);
    }
    totals[line.outcome] += 1;
    totals.believedBytes += line.believedBytes;
    totals.doubtfulBytes += line.doubtfulBytes;
    options.onLine(line);
  }
  return totals;
}

const NOTHING = {
  infoHash: '',
  outcome: 'refused',
  root: '',
  contentBytes: 0,
  believedBytes: 0,
  doubtfulBytes: 0,
} as const;

/** Looks at the files of a torrent. */
export function planTorrent(source: SourceTorrent): PlannedTorrent {
  const { metainfo, root, places } = source;
  const marks = metainfo.files.map((file, index): FileMark => {
    if (file.isPadding) return null;
    const state = fileStateAt(places.get(index) ?? [root, ...file.path].join('/'));
    return state.kind === 'file' ? { byteLength: state.byteLength, modifiedMs: state.modifiedMs } : null;
  });
  const infoHash = hex(metainfo.infoHashV1 ?? metainfo.infoHashV2!);
  return { infoHash, source, marks, judgement: judgeSource(source, new Layout(metainfo), marks) };
}

function lineOf(planned: PlannedTorrent, isKnown: boolean): ImportLine {
  const { infoHash, source, judgement } = planned;
  const { metainfo, root } = source;
  const line = {
    source: source.source,
    name: metainfo.name,
    infoHash,
    root,
    contentBytes: metainfo.contentBytes,
  };
  const none = { believedBytes: 0, doubtfulBytes: 0 };
  if (isKnown) return { ...line, ...none, outcome: 'known', note: 'the node has it already' };
  const { have, doubt, missing } = judgement;
  const claimed = source.have.count + source.doubt.count;
  if (claimed > 0 && have.isEmpty && doubt.isEmpty) {
    return {
      ...line,
      ...none,
      outcome: 'refused',
      note: `its files are not below ${root}; is the disk mounted?`,
    };
  }
  const layout = new Layout(metainfo);
  const notes = [
    ...(missing.length === 0 ? [] : [`${count(missing.length, 'file')} gone, added stopped`]),
    ...(judgement.changed.length === 0 ? [] : [`${count(judgement.changed.length, 'file')} changed since`]),
    ...(source.places.size === 0 ? [] : [`${count(source.places.size, 'file')} under other names`]),
  ];
  return {
    ...line,
    outcome: 'taken',
    note: notes.join(', '),
    believedBytes: bytesIn(have, layout),
    doubtfulBytes: bytesIn(doubt, layout),
  };
}

function bytesIn(pieces: Bitfield, layout: Layout): number {
  let bytes = 0;
  pieces.forEach((piece) => {
    bytes += layout.contentLengthOf(pieceIndex(piece));
  });
  return bytes;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
