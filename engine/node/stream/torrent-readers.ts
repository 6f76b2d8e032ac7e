import type { PieceListener } from '../../bittorrent/torrent/events.ts';
import type { Torrent } from '../../bittorrent/torrent/torrent.ts';
import type { PieceIndex } from '../../bittorrent/units.ts';
import type { FileReader } from './file-reader.ts';
import { urgentPieces } from './urgent.ts';

/** All readers of one torrent: tells its picker what they wait for, and them what has come. */
export class TorrentReaders implements PieceListener {
  readonly torrent: Torrent;
  private readonly readers = new Set<FileReader>();

  constructor(modules: { readonly torrent: Torrent }) {
    this.torrent = modules.torrent;
  }

  get count(): number {
    return this.readers.size;
  }

  add(reader: FileReader): void {
    if (this.readers.size === 0) this.torrent.listeners.add(this);
    this.readers.add(reader);
    this.update();
  }

  remove(reader: FileReader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.torrent.listeners.delete(this);
    this.update();
  }

  /** A reader has moved, waits too long, or is gone. */
  update(): void {
    const { picker, downloader, have } = this.torrent;
    const readers = [...this.readers];
    picker.urgent = urgentPieces(
      readers.map(({ window }) => window),
      (piece) => have.has(piece),
    );
    picker.late = readers.map(({ latePiece }) => latePiece).filter((piece) => piece !== undefined);
    if (picker.urgent.length > 0) downloader.fillAll();
  }

  onPiece(piece: PieceIndex): void {
    for (const reader of [...this.readers]) reader.onPiece(piece);
  }

  onStopped(): void {
    for (const reader of [...this.readers]) reader.onStopped();
  }
}
