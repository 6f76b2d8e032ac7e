import { CGO_WORK_BYTES, copyTag, encryptCell, hasNonce, putNonce, renewKeys, sentTag } from './cgo';
import {
  DO_BACKWARD, DO_FORWARD, PASS, RECOGNISED, RECORD_BYTES, TAG_STRIDE,
  actionOf, bodyOf, commandOf, directionOf,
} from './relay-cell';

/** A batch of CGO cells at a relay. `work`: CGO_WORK_BYTES, wiped at the end. */
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
    encryptCell<V>(direction, body, commandOf(records), work);
    const recognised = action == DO_FORWARD && hasNonce(direction, body);
    if (originates) copyTag(direction, tags);
    if (originates || recognised) renewKeys<V>(direction, work);
    store<u8>(outcomes + i, recognised ? RECOGNISED : PASS);
  }
  memory.fill(work, 0, CGO_WORK_BYTES);
}
