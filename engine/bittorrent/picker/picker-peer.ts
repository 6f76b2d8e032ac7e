import { Bitfield } from '../bitfield.ts';
import type { PieceIndex } from '../units.ts';

/** What the picker knows of one peer; made by `Picker.addPeer`, changed by the picker only. */
export class PickerPeer {
  have: Bitfield;
  /** Has all pieces; counted apart, so that a seeder costs nothing. */
  isSeed = false;
  /** Pieces it has and this side still wants. */
  wantedCount = 0;
  /** Requests under way, by piece. */
  readonly requests = new Map<PieceIndex, number>();
  /** Sum of {@link requests}. */
  requestCount = 0;
  /** Gets only pieces that nobody else has a part in, so that a bad one is its fault alone. */
  onParole = false;
  /** The state of the picker in which there was nothing for this peer; as long as it lasts there is no need to look. */
  nothingAtChange = -1;

  constructor(pieceCount: number) {
    this.have = new Bitfield(pieceCount);
  }

  has(piece: PieceIndex): boolean {
    return this.isSeed || this.have.has(piece);
  }

  addRequests(piece: PieceIndex, count: number): void {
    this.requests.set(piece, (this.requests.get(piece) ?? 0) + count);
    this.requestCount += count;
  }

  dropRequest(piece: PieceIndex): void {
    const left = (this.requests.get(piece) ?? 0) - 1;
    if (left < 0) throw new Error(`no request for piece ${piece} to drop`);
    if (left === 0) this.requests.delete(piece);
    else this.requests.set(piece, left);
    this.requestCount--;
  }
}
