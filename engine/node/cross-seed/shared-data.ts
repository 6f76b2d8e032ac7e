import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Layout } from '../../bittorrent/layout.ts';
import { fileIndex } from '../../bittorrent/units.ts';
import type { Holding, Owners } from './owners.ts';

/** What a torrent has where. */
export interface HeldContent {
  readonly layout: Layout;
  /** Absolute, one per file; empty for padding. */
  readonly paths: readonly string[];
  /** Verified pieces, as of now. */
  readonly have: Bitfield;
}

/**
 * Data that several torrents have in common. Of those that have a file, the first one that came may write to it, and
 * even that one not over bytes that another has verified; all others only read. So one copy serves all of them.
 */
export class SharedData<T extends Holding> {
  private readonly owners: Owners<T>;
  private readonly contentOf: (holding: T) => HeldContent | undefined;

  /** `contentOf` gives nothing for a torrent without metadata. */
  constructor(modules: {
    readonly owners: Owners<T>;
    readonly contentOf: (holding: T) => HeldContent | undefined;
  }) {
    this.owners = modules.owners;
    this.contentOf = modules.contentOf;
  }

  /** Files, by index, that belong to a torrent that came before. */
  foreignFor(holding: T, paths: readonly string[]): Set<number> {
    const taken = new Set<string>();
    for (const other of this.owners.around(holding)) {
      if (other.number > holding.number) continue;
      for (const path of this.contentOf(other)?.paths ?? []) taken.add(path);
    }
    const foreign = new Set<number>();
    paths.forEach((path, index) => {
      if (path !== '' && taken.has(path)) foreign.add(index);
    });
    return foreign;
  }

  /** Whether a torrent other than `holding` has verified a piece with some of these bytes. */
  isVerifiedElsewhere(holding: T, path: string, position: number, byteLength: number): boolean {
    return this.owners.around(holding).some((other) => {
      const content = this.contentOf(other);
      const index = content?.paths.indexOf(path) ?? -1;
      return content !== undefined && index >= 0 && hasAnyOf(content, index, position, byteLength);
    });
  }
}

function hasAnyOf(
  { layout, have }: HeldContent,
  file: number,
  position: number,
  byteLength: number,
): boolean {
  const { first, end } = layout.piecesOf(fileIndex(file));
  const start = layout.startOf(fileIndex(file)) + position;
  const from = Math.max(first, Math.floor(start / layout.pieceLength));
  const to = Math.min(end, Math.ceil((start + byteLength) / layout.pieceLength));
  for (let piece = from; piece < to; piece += 1) if (have.has(piece)) return true;
  return false;
}
