import type { FileIndex } from '../units.ts';
import { type ByteRange, blockFrom, type DamageFile, joinRanges, type ReadFailure } from './damage.ts';
import type { FileProblem } from './file-state.ts';
import type { VerdictMap } from './verdict.ts';

/** What a reader tells of bytes that did not come. */
export interface ReadTrouble {
  /** The file ended early, could not be opened at all, or the system refused to read there. */
  readonly kind: 'short' | 'unopened' | 'unreadable';
  /** The system's code, such as EIO. */
  readonly code: string;
  readonly from: number;
  readonly to: number;
}

/** Collects trouble with files while they are read, and spares everyone the pieces that cannot be had any more. */
export class ReadFailures {
  readonly #pieceLength: number;
  readonly #files: readonly DamageFile[];
  readonly #verdicts: VerdictMap;
  readonly #failures = new Map<FileIndex, { problem: FileProblem; ranges: ByteRange[] }>();

  constructor(pieceLength: number, files: readonly DamageFile[], verdicts: VerdictMap) {
    this.#pieceLength = pieceLength;
    this.#files = files;
    this.#verdicts = verdicts;
  }

  add(file: FileIndex, trouble: ReadTrouble): void {
    const { byteLength } = this.#files[file]!;
    const range =
      trouble.kind === 'unreadable'
        ? { from: trouble.from, to: trouble.to }
        : { from: trouble.kind === 'short' ? trouble.from : 0, to: byteLength };
    if (trouble.kind !== 'unreadable') {
      blockFrom(this.#pieceLength, this.#files[file]!, range.from, this.#verdicts);
    }
    const known = this.#failures.get(file);
    const problem = problemOf(trouble);
    if (known === undefined) this.#failures.set(file, { problem, ranges: [range] });
    else {
      known.ranges.push(range);
      known.problem = shorter(known.problem, problem);
    }
  }

  /** Each file in trouble, with the bytes that could not be had. */
  list(): ReadonlyMap<FileIndex, ReadFailure> {
    const entries = [...this.#failures];
    return new Map(
      entries.map(([file, { problem, ranges }]) => [file, { problem, ranges: joinRanges(ranges) }]),
    );
  }
}

/** Readers come back in any order: of two that met the end of a file, the one who met it first knows where it is. */
function shorter(known: FileProblem, next: FileProblem): FileProblem {
  if (known.kind !== 'changed' || next.kind !== 'changed') return known;
  return next.byteLength < known.byteLength ? next : known;
}

function problemOf(trouble: ReadTrouble): FileProblem {
  if (trouble.kind === 'short') return { kind: 'changed', byteLength: trouble.from };
  const { code } = trouble;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  if (code === 'EISDIR') return { kind: 'wrong-kind', found: 'directory' };
  return { kind: 'unreadable', code };
}
