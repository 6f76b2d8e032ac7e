import { get, put, xor } from './aes-vector';
import {
  BODY_BYTES, DO_BACKWARD, DO_FORWARD, PASS, RECOGNISED, RECORD_BYTES, TAG_STRIDE,
  actionOf, bodyOf, directionOf,
} from './relay-cell';
import { DIGEST_WORK_BYTES, isRecognised, setDigest } from './relay-digest';

/*
 * tor1 (tor-spec, relay crypto): AES-128 in counter mode and a running digest. The state of a direction:
 *   0    address of the key stream of the next cell (u32)
 *   4    for how many cells key stream lies there (u32)
 *   64   the running digest, see relay-digest.ts
 *   192  end
 * Hosts put key stream there ahead of the cells; it is wiped as it is used.
 */

export const TOR1_STATE_BYTES: i32 = 192;
const READY_AT: usize = 4;

/**
 * Adds the key stream of the next cell to a body, and wipes it. The last vector overlaps the one before it, so it is
 * taken first and put last.
 */
export function addLayer<V>(direction: usize, body: usize): void {
  const stream: usize = load<u32>(direction);
  const tail: usize = BODY_BYTES - sizeof<V>();
  const last = xor<V>(load<V>(body + tail), load<V>(stream + tail));
  const zero = xor<V>(last, last);
  const end = body + tail;
  let from = stream;
  for (let at = body; at < end; at += sizeof<V>(), from += sizeof<V>()) {
    put<V>(at, 0, xor<V>(get<V>(at, 0), get<V>(from, 0)));
    put<V>(from, 0, zero);
  }
  put<V>(end, 0, last);
  put<V>(stream + tail, 0, zero);
  store<u32>(direction, (stream + BODY_BYTES) as u32);
  store<u32>(direction, load<u32>(direction, READY_AT) - 1, READY_AT);
}

/** A batch at a relay. `work`: 768 bytes, wiped at the end. */
export function tor1Relay<V>(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  for (let i = 0; i < count; i++, records += RECORD_BYTES, tags += TAG_STRIDE) {
    const direction = directionOf(records), body = bodyOf(records);
    const action = actionOf(records);
    let outcome = PASS;
    if (action == DO_FORWARD) {
      addLayer<V>(direction, body);
      if (isRecognised(direction, body, tags, work)) outcome = RECOGNISED;
    } else {
      if (action != DO_BACKWARD) setDigest(direction, body, tags, work);
      addLayer<V>(direction, body);
    }
    store<u8>(outcomes + i, outcome);
  }
  memory.fill(work, 0, DIGEST_WORK_BYTES);
}
