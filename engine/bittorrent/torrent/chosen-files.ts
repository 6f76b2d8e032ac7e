import {
  doneBytesByFile,
  prioritiesOf,
  wantedBytesOf,
  wantedBytesOfPiece,
  wishesOf,
} from '../file-choice.ts';
import type { Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { Picker } from '../picker/picker.ts';
import type { PiecePriority } from '../picker/types.ts';
import { type PieceIndex, pieceIndex } from '../units.ts';

/** Which files of a torrent are wanted, and how much of them is there. */
export class ChosenFiles {
  private readonly modules: { readonly metainfo: Metainfo; readonly layout: Layout; readonly picker: Picker };
  private wishList: Uint8Array;
  private wanted: number;
  /** undefined: to be counted when it is asked for. */
  private done: number | undefined;

  constructor(modules: { readonly metainfo: Metainfo; readonly layout: Layout; readonly picker: Picker }) {
    this.modules = modules;
    this.wishList = wishesOf(modules.metainfo.files, new Uint8Array(0));
    this.wanted = modules.metainfo.contentBytes;
  }

  /** By file index, padding included; not to be changed. */
  get wishes(): Uint8Array {
    return this.wishList;
  }

  /** Bytes of the files that are wanted. */
  get wantedBytes(): number {
    return this.wanted;
  }

  /** Verified bytes of them. */
  get doneBytes(): number {
    this.done ??= this.countDone();
    return this.done;
  }

  /** Another choice, by file index, and with it other priorities of the pieces; what is not named is wanted. */
  set(wishes: Uint8Array): void {
    const { metainfo, layout, picker } = this.modules;
    this.wishList = wishesOf(metainfo.files, wishes);
    this.wanted = wantedBytesOf(metainfo.files, this.wishList);
    this.done = undefined;
    const priorities = prioritiesOf(layout, this.wishList);
    for (let index = 0; index < priorities.length; index++) {
      const piece = pieceIndex(index);
      const priority = priorities[index] as PiecePriority;
      if (picker.priorityOf(piece) !== priority) picker.setPriority(piece, priority);
    }
  }

  /** A piece has been verified just now. */
  verified(piece: PieceIndex): void {
    if (this.done === undefined) return;
    this.done += wantedBytesOfPiece(this.modules.layout, this.wishList, piece);
  }

  /** What is there has changed in other ways. */
  recount(): void {
    this.done = undefined;
  }

  private countDone(): number {
    const { metainfo, layout, picker } = this.modules;
    let sum = 0;
    for (const [index, bytes] of doneBytesByFile(layout, metainfo.files, picker.complete).entries()) {
      if (this.wishList[index] !== 0) sum += bytes;
    }
    return sum;
  }
}
