import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { type FileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';
import { PieceQueue } from '../../bittorrent/verify/batch.ts';
import type { CheckpointEntry, CheckpointSubject, HashedRun } from '../../bittorrent/verify/checkpoint.ts';
import { restoreVerdicts } from '../../bittorrent/verify/checkpoint-match.ts';
import { blockUnavailable, type FileFinding, findDamage } from '../../bittorrent/verify/damage.ts';
import { ExpectedHashes } from '../../bittorrent/verify/expected.ts';
import type { FileState } from '../../bittorrent/verify/file-state.ts';
import { ReadFailures } from '../../bittorrent/verify/read-failures.ts';
import { planRead, type ReadPlan } from '../../bittorrent/verify/read-plan.ts';
import {
  isStored,
  type Selection,
  type SelectionOptions,
  select,
} from '../../bittorrent/verify/selection.ts';
import { VERDICT } from '../../bittorrent/verify/verdict.ts';
import type { ReadHashResult } from '../../kernels/tasks/read-hash.ts';
import { FileStates } from './file-state.ts';

/** Where the files of a torrent are to be found. */
export interface Place {
  /** The file of a single-file torrent, or the folder that stands for the torrent's name. */
  readonly base: string;
  /** Files that lie elsewhere. */
  readonly moved: ReadonlyMap<FileIndex, string>;
}

/**
 * The check of one torrent at one place: says what to read next, takes what came back, and knows in the end what is
 * damaged. Reads nothing itself but the state of the files, once, when it is made.
 */
export class TorrentCheck {
  readonly torrent: Metainfo;
  readonly layout: Layout;
  readonly place: Place;
  readonly selection: Selection;
  readonly states: ReadonlyMap<FileIndex, FileState>;
  /** Pieces taken from a checkpoint. */
  restored = 0;
  /** Pieces of a hybrid torrent whose two hashes contradict each other. */
  contradictory = 0;
  bytesRead = 0;
  readonly #queue: PieceQueue;
  readonly #expected: ExpectedHashes;
  readonly #failures: ReadFailures;
  readonly #pathOf: (file: FileIndex) => string;

  /** Throws AlliumError BAD_USAGE when the selection names pieces that are not there. */
  constructor(
    torrent: Metainfo,
    place: Place,
    options: SelectionOptions,
    states: FileStates = new FileStates(),
  ) {
    this.torrent = torrent;
    this.place = place;
    this.layout = new Layout(torrent);
    this.selection = select(torrent, this.layout, options);
    this.#expected = new ExpectedHashes(torrent, this.layout);
    this.#pathOf = (file) => this.pathOf(file);
    this.states = new Map(this.#filesToLookAt().map((file) => [file, states.at(this.pathOf(file))]));
    const { verdicts } = this.selection;
    blockUnavailable(torrent.pieceLength, torrent.files, this.states, verdicts);
    this.#failures = new ReadFailures(torrent.pieceLength, torrent.files, verdicts);
    this.#queue = new PieceQueue(verdicts);
  }

  /** Where a file lies. */
  pathOf(file: FileIndex): string {
    const moved = this.place.moved.get(file);
    return moved ?? [this.place.base, ...this.torrent.files[file]!.path.slice(1)].join('/');
  }

  /** Bytes still to be read, to know how far it is. */
  get pendingBytes(): number {
    const { verdicts, contentBytes } = this.selection;
    const selected = verdicts.selectedCount;
    return selected === 0 ? 0 : (contentBytes * verdicts.count(VERDICT.pending)) / selected;
  }

  /** What a checkpoint binds the verdicts to. */
  subject(): CheckpointSubject {
    const { infoHashV1, infoHashV2, files, pieceCount } = this.torrent;
    const moved = [...this.place.moved].map(([file, path]) => `\0${file}=${path}`);
    return {
      infoHash: infoHashV1 ?? infoHashV2 ?? new Uint8Array(0),
      pieceCount,
      place: this.place.base + moved.join(''),
      stamps: files.map((_, index) => {
        const state = this.states.get(index as FileIndex);
        return state?.kind === 'file' ? state : { byteLength: Number.NaN, modifiedMs: Number.NaN };
      }),
    };
  }

  /** Takes over what an earlier run has hashed, as far as the files are the same. */
  restore(entry: CheckpointEntry, subject: CheckpointSubject): void {
    this.restored = restoreVerdicts(entry, subject, this.torrent, this.selection.verdicts);
  }

  /** What is hashed by now. */
  hashedRuns(): HashedRun[] {
    const { verdicts } = this.selection;
    return [
      ...verdicts.runs(VERDICT.good).map((run) => ({ ...run, good: true })),
      ...verdicts.runs(VERDICT.bad).map((run) => ({ ...run, good: false })),
    ];
  }

  /** The next pieces to read; undefined when all are handed out. */
  take(bytes: number, piecesMin: number): ReadPlan | undefined {
    const pieces = this.#queue.take(bytes, piecesMin, (piece) => this.layout.pieceLengthOf(piece));
    if (pieces.length === 0) return undefined;
    const { version, files } = this.torrent;
    return planRead({ version, layout: this.layout, files, pathOf: this.#pathOf }, pieces);
  }

  /** Takes what a worker brought. Returns the pieces that were hashed. */
  accept(plan: ReadPlan, result: ReadHashResult): HashedRun[] {
    this.bytesRead += result.bytesRead;
    const failed = new Set<number>();
    for (const fault of result.faults) {
      failed.add(fault.piece);
      this.#failures.add(plan.files[fault.path]!, fault);
    }
    const hashed: HashedRun[] = [];
    plan.pieces.forEach((piece, at) => {
      if (failed.has(at)) this.selection.verdicts.set(piece, VERDICT.blocked);
      else hashed.push(this.#judge(piece, at, plan, result));
    });
    return hashed;
  }

  /** What to say about the files, once everything has come back. */
  findings(): FileFinding[] {
    return findDamage(this.layout, {
      files: this.torrent.files,
      verdicts: this.selection.verdicts,
      states: this.states,
      readFailures: this.#failures.list(),
      wholeFiles: new Set(this.selection.files),
    });
  }

  #judge(piece: PieceIndex, at: number, plan: ReadPlan, result: ReadHashResult): HashedRun {
    const outcome = this.#expected.compare(piece, at, result.digests, result.roots, plan.firstFiles[at]!);
    if (outcome === 'contradictory') this.contradictory += 1;
    const good = outcome === 'good';
    this.selection.verdicts.set(piece, good ? VERDICT.good : VERDICT.bad);
    return { first: piece, end: pieceIndex(piece + 1), good };
  }

  /** The chosen files, and their neighbours in the chosen pieces. */
  #filesToLookAt(): FileIndex[] {
    const files = new Set(this.selection.files);
    for (const run of this.selection.verdicts.runs(VERDICT.pending)) {
      for (const file of this.layout.filesOf(run.first, run.end)) {
        if (isStored(this.torrent, file)) files.add(file);
      }
    }
    return [...files];
  }
}
