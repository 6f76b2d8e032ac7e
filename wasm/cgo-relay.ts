import {
  CGO_WORK_BYTES, addElsewhere, copyTag, encryptRest, encryptTag, hasNonce, isElsewhere, putCounters, putNonce,
  renewKeys, sentTag,
} from './cgo';
import {
  DO_BACKWARD, DO_FORWARD, PASS, RECOGNISED, RECORD_BYTES, TAG_STRIDE,
  actionOf, bodyOf, commandOf, directionOf,
} from './relay-cell';

/** Where a record says where the stream of a cell is made; 0: nowhere, the cell is done. */
const STREAM_AT: usize = 12;

/** A batch of CGO cells at a relay. Those whose stream is made elsewhere wait for `cgoRelayRest`. `work`: CGO_WORK_BYTES, wiped at the end. */
export function cgoRelay<V>(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  // No schedule lies in `work` yet.
  memory.fill(work, 0, CGO_WORK_BYTES);
  for (let i = 0; i < count; i++, records += RECORD_BYTES, tags += TAG_STRIDE) {
    const direction = directionOf(records), body = bodyOf(records);
    const action = actionOf(records);
    const originates = action != DO_FORWARD && action != DO_BACKWARD;
    if (originates) putNonce(direction, body);
    // Encryption makes the nonce of it: what the client knows the cell by is the tag that came.
    if (action == DO_FORWARD) sentTag(body, tags);
    encryptTag<V>(direction, body, commandOf(records), work);
    const recognised = action == DO_FORWARD && hasNonce(direction, body);
    const ends = originates || recognised;
    if (!ends && isElsewhere(direction)) store<u32>(records, putCounters(direction, body, work) as u32, STREAM_AT);
    else encryptRest<V>(direction, body, work);
    if (originates) copyTag(direction, tags);
    if (ends) renewKeys<V>(direction, work);
    store<u8>(outcomes + i, recognised ? RECOGNISED : PASS);
  }
  memory.fill(work, 0, CGO_WORK_BYTES);
}

/** Adds what was made elsewhere to the cells of a batch that wait for it. */
export function cgoRelayRest<V>(records: usize, count: i32): void {
  for (let i = 0; i < count; i++, records += RECORD_BYTES) {
    const stream: usize = load<u32>(records, STREAM_AT);
    if (stream) addElsewhere<V>(bodyOf(records), stream);
  }
}
