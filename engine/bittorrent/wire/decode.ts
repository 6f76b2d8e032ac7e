import { readUint32 } from '../../codec/big-endian.ts';
import type { BlockOffset, PieceIndex } from '../units.ts';
import { decodeBlockRequest, decodePieceIndex } from './decode-block.ts';
import type { HashRequest, Message } from './message.ts';
import { HASH_REQUEST_BYTES, MESSAGE_ID } from './message-id.ts';
import type { WireFault, WireRules } from './rules.ts';

const ID = MESSAGE_ID;

/** A message, or what is wrong with it. */
export type DecodeResult =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly fault: WireFault };

/**
 * Decodes one message: bytes[start, end) from its id on, without the length prefix; empty for a keep-alive. Every
 * length and number is checked against `rules`; byte arrays in the result are views. Never throws.
 */
export function decodeMessage(bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  if (end === start) return good({ kind: 'keep-alive' });
  const id = bytes[start]!;
  switch (id) {
    case ID.choke:
      return empty({ kind: 'choke' }, start, end);
    case ID.unchoke:
      return empty({ kind: 'unchoke' }, start, end);
    case ID.interested:
      return empty({ kind: 'interested' }, start, end);
    case ID.notInterested:
      return empty({ kind: 'not-interested' }, start, end);
    case ID.have:
      return onePiece('have', bytes, start, end, rules);
    case ID.bitfield:
      return bitfield(bytes, start, end, rules);
    case ID.request:
      return block('request', bytes, start, end, rules);
    case ID.piece:
      return piece(bytes, start, end, rules);
    case ID.cancel:
      return block('cancel', bytes, start, end, rules);
    case ID.port:
      return port(bytes, start, end);
    case ID.suggestPiece:
    case ID.haveAll:
    case ID.haveNone:
    case ID.rejectRequest:
    case ID.allowedFast:
      return rules.fast ? fast(id, bytes, start, end, rules) : bad('not-negotiated');
    case ID.extended:
      return extended(bytes, start, end, rules);
    case ID.hashRequest:
    case ID.hashes:
    case ID.hashReject:
      return rules.hashes ? hash(id, bytes, start, end, rules) : bad('not-negotiated');
    default:
      if (end - start > rules.limits.unknownBytesMax) return bad('message-too-long');
      return good({ kind: 'unknown', id });
  }
}

/** A bitfield has one bit for each piece, and the spare bits at its end are zero (BEP 3). */
export function checkBitfield(bits: Uint8Array, pieceCount: number): WireFault | undefined {
  if (bits.length !== Math.ceil(pieceCount / 8)) return 'bad-bitfield';
  const spare = bits.length * 8 - pieceCount;
  if (spare > 0 && (bits[bits.length - 1]! & ((1 << spare) - 1)) !== 0) return 'bad-bitfield';
  return undefined;
}

function good(message: Message): DecodeResult {
  return { ok: true, message };
}

function bad(fault: WireFault): DecodeResult {
  return { ok: false, fault };
}

function empty(message: Message, start: number, end: number): DecodeResult {
  return end - start === 1 ? good(message) : bad('bad-length');
}

function onePiece(
  kind: 'have' | 'suggest-piece' | 'allowed-fast',
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: WireRules,
): DecodeResult {
  const index = decodePieceIndex(bytes, start, end, rules);
  return typeof index === 'string' ? bad(index) : good({ kind, piece: index });
}

function bitfield(bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  const bits = bytes.subarray(start + 1, end);
  if (rules.pieceCount === undefined) {
    if (bits.length * 8 > rules.limits.piecesMax + 7) return bad('bad-bitfield');
  } else {
    const fault = checkBitfield(bits, rules.pieceCount);
    if (fault !== undefined) return bad(fault);
  }
  return good({ kind: 'bitfield', bits });
}

function block(
  kind: 'request' | 'cancel' | 'reject-request',
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: WireRules,
): DecodeResult {
  const numbers = { piece: 0 as PieceIndex, begin: 0 as BlockOffset, byteLength: 0 };
  const fault = decodeBlockRequest(bytes, start, end, rules, numbers);
  if (fault !== undefined) return bad(fault);
  return good({ kind, piece: numbers.piece, begin: numbers.begin, byteLength: numbers.byteLength });
}

function piece(bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  if (end - start < 9) return bad('bad-length');
  const index = readUint32(bytes, start + 1) as PieceIndex;
  const begin = readUint32(bytes, start + 5) as BlockOffset;
  const byteLength = end - start - 9;
  if (rules.pieceCount === undefined || index >= rules.pieceCount) return bad('bad-piece-index');
  if (byteLength === 0 || byteLength > rules.limits.requestBytesMax) return bad('bad-block');
  if (begin + byteLength > rules.pieceByteLength(index)) return bad('bad-block');
  return good({ kind: 'piece', piece: index, begin, block: bytes.subarray(start + 9, end) });
}

function port(bytes: Uint8Array, start: number, end: number): DecodeResult {
  if (end - start !== 3) return bad('bad-length');
  const number = (bytes[start + 1]! << 8) | bytes[start + 2]!;
  return number === 0 ? bad('bad-port') : good({ kind: 'port', port: number });
}

function fast(id: number, bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  switch (id) {
    case ID.haveAll:
      return empty({ kind: 'have-all' }, start, end);
    case ID.haveNone:
      return empty({ kind: 'have-none' }, start, end);
    case ID.rejectRequest:
      return block('reject-request', bytes, start, end, rules);
    case ID.suggestPiece:
      return onePiece('suggest-piece', bytes, start, end, rules);
    default:
      return onePiece('allowed-fast', bytes, start, end, rules);
  }
}

function extended(bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  if (!rules.extended) return bad('not-negotiated');
  if (end - start < 2) return bad('bad-length');
  if (end - start > rules.limits.extendedBytesMax) return bad('message-too-long');
  return good({
    kind: 'extended',
    extension: bytes[start + 1]!,
    payload: bytes.subarray(start + 2, end),
  });
}

function hash(id: number, bytes: Uint8Array, start: number, end: number, rules: WireRules): DecodeResult {
  const body = start + 1;
  if (end - body < HASH_REQUEST_BYTES) return bad('bad-length');
  const request: HashRequest = {
    piecesRoot: bytes.subarray(body, body + 32),
    baseLayer: readUint32(bytes, body + 32),
    index: readUint32(bytes, body + 36),
    hashCount: readUint32(bytes, body + 40),
    proofLayers: readUint32(bytes, body + 44),
  };
  if (request.hashCount === 0 || request.hashCount > rules.limits.hashesMax) return bad('bad-hash-request');
  if (request.baseLayer > 32 || request.proofLayers > 32) return bad('bad-hash-request');
  const hashes = bytes.subarray(body + HASH_REQUEST_BYTES, end);
  if (id === ID.hashes) {
    if (hashes.length % 32 !== 0) return bad('bad-length');
    const hashCount = hashes.length / 32;
    if (hashCount < request.hashCount || hashCount > request.hashCount + request.proofLayers) {
      return bad('bad-length');
    }
    return good({ kind: 'hashes', hashes, ...request });
  }
  if (hashes.length !== 0) return bad('bad-length');
  return good({ kind: id === ID.hashRequest ? 'hash-request' : 'hash-reject', ...request });
}
