import { readUint32, writeUint32 } from '../../codec/big-endian.ts';
import type { PieceIndex } from '../units.ts';
import type { WireFault, WireRules } from './rules.ts';

/** BEP 54: the name of the extension in the handshake. */
export const DONT_HAVE_EXTENSION = 'lt_donthave';

/** BEP 54: the payload that says a piece is no longer there. */
export function encodeDontHave(piece: PieceIndex): Uint8Array {
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, piece);
  return payload;
}

/** BEP 54: the piece a peer no longer has. */
export function decodeDontHave(payload: Uint8Array, rules: WireRules): PieceIndex | WireFault {
  if (payload.length !== 4) return 'bad-extension';
  const piece = readUint32(payload, 0);
  if (rules.pieceCount === undefined || piece >= rules.pieceCount) return 'bad-piece-index';
  return piece as PieceIndex;
}
