import { decodeMessage } from '../../../engine/bittorrent/wire/decode.ts';
import { type FrameHead, peekMessage } from '../../../engine/bittorrent/wire/frame.ts';
import type { Message } from '../../../engine/bittorrent/wire/message.ts';
import {
  WIRE_LIMITS_DEFAULT,
  type WireFault,
  type WireRules,
} from '../../../engine/bittorrent/wire/rules.ts';

export const PIECE_COUNT = 21;
export const PIECE_BYTES = 32768;
const LAST_PIECE_BYTES = 20000;

/** Rules of a small torrent with every extension agreed on. */
export function wireRules(changes: Partial<WireRules> = {}): WireRules {
  return {
    limits: WIRE_LIMITS_DEFAULT,
    pieceCount: PIECE_COUNT,
    pieceByteLength: (piece) => (piece === PIECE_COUNT - 1 ? LAST_PIECE_BYTES : PIECE_BYTES),
    fast: true,
    extended: true,
    hashes: true,
    ...changes,
  };
}

/** What a stream of bytes was understood as: its messages, and the fault that ended it. */
export interface Transcript {
  readonly messages: Message[];
  fault: WireFault | undefined;
  /** Most bytes held back at once for a message that was not whole. */
  heldMax: number;
}

/** Feeds chunks to the decoder as a connection would. Stops at the first fault. */
export function transcribe(chunks: readonly Uint8Array[], rules: WireRules): Transcript {
  const transcript: Transcript = { messages: [], fault: undefined, heldMax: 0 };
  const head: FrameHead = { byteLength: 0, id: 0 };
  let held = new Uint8Array(0);
  for (const chunk of chunks) {
    const bytes = new Uint8Array(held.length + chunk.length);
    bytes.set(held);
    bytes.set(chunk, held.length);
    let at = 0;
    for (;;) {
      const verdict = peekMessage(bytes, at, bytes.length, rules, head);
      if (verdict === 'need-more') break;
      if (verdict !== 'ok') {
        transcript.fault = verdict;
        return transcript;
      }
      if (at + head.byteLength > bytes.length) break;
      const result = decodeMessage(bytes, at + 4, at + head.byteLength, rules);
      if (!result.ok) {
        transcript.fault = result.fault;
        return transcript;
      }
      transcript.messages.push(result.message);
      at += head.byteLength;
    }
    held = bytes.slice(at);
    transcript.heldMax = Math.max(transcript.heldMax, held.length);
  }
  return transcript;
}

/** Bytes from text like `00 00 00 05 04`. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}
