import {
  CGO_WORK_BYTES, copyTag, decryptCell, decryptElsewhere, hasNonce, isElsewhere, putCounters, putNonce, renewKeys,
  renewKeysElsewhere, sentTag,
} from './cgo';
import { KIND_AT, KIND_CGO, RECORD_BYTES, TAG_STRIDE, actionOf, bodyOf, commandOf, directionOf } from './relay-cell';
import { isRecognised, setDigest } from './relay-digest';
import { addLayer } from './relay-tor1';

/*
 * All layers of a cell at a client. A record names the direction of the first hop; those of the others follow, each
 * as far behind the one before as the fourth word says. The byte behind the command is, for a cell to send, the hop
 * that it is for, and for one that came the number of hops.
 */

const DO_RECEIVE: u32 = 0;
const NOBODY: u32 = 255;
/** Behind what CGO works in: the work of the running digest. */
const DIGEST_AT: usize = CGO_WORK_BYTES;
export const CLIENT_WORK_BYTES: i32 = CGO_WORK_BYTES + 768;

// @ts-ignore: decorator
@inline function isCgo(hop: usize): bool { return load<u32>(hop, KIND_AT) == KIND_CGO; }

/** The cell begins here: digest or tag, and the layer of the hop it is for. */
function seal<V>(hop: usize, body: usize, command: u32, tag: usize, work: usize): void {
  if (isCgo(hop)) {
    putNonce(hop, body);
    decryptCell<V>(hop, body, command, work);
    sentTag(body, tag);
    renewKeys<V>(hop, work);
  } else {
    setDigest(hop, body, tag, work + DIGEST_AT);
    addLayer<V>(hop, body);
  }
}

/** Takes off a layer of CGO whose stream was made elsewhere; whether the cell came from this hop. */
function peelElsewhere<V>(hop: usize, body: usize, command: u32, tag: usize, work: usize): bool {
  decryptElsewhere<V>(hop, body, command, work);
  if (!hasNonce(hop, body)) return false;
  copyTag(hop, tag);
  renewKeysElsewhere<V>(hop, work);
  return true;
}

/** Takes a layer off; whether the cell came from this hop. */
function peel<V>(hop: usize, body: usize, command: u32, tag: usize, work: usize): bool {
  if (isCgo(hop)) {
    decryptCell<V>(hop, body, command, work);
    if (!hasNonce(hop, body)) return false;
    copyTag(hop, tag);
    renewKeys<V>(hop, work);
    return true;
  }
  addLayer<V>(hop, body);
  return isRecognised(hop, body, tag, work + DIGEST_AT);
}

function send<V>(first: usize, stride: usize, last: u32, body: usize, command: u32, tag: usize, work: usize): void {
  let hop = first + (last as usize) * stride;
  seal<V>(hop, body, command, tag, work);
  while (hop > first) {
    hop -= stride;
    if (isCgo(hop)) decryptCell<V>(hop, body, command, work);
    else addLayer<V>(hop, body);
  }
}

/** The hop that the cell came from. */
function receive<V>(first: usize, stride: usize, count: u32, body: usize, command: u32, tag: usize, work: usize): u32 {
  for (let number: u32 = 0; number < count; number++) {
    if (peel<V>(first + (number as usize) * stride, body, command, tag, work)) return number;
  }
  return NOBODY;
}

/** A batch at a client. `work`: CLIENT_WORK_BYTES, wiped at the end. */
export function clientCells<V>(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  memory.fill(work, 0, CLIENT_WORK_BYTES);
  for (let i = 0; i < count; i++, records += RECORD_BYTES, tags += TAG_STRIDE) {
    const first = directionOf(records), body = bodyOf(records), command = commandOf(records);
    const hops: u32 = load<u8>(records, 10);
    const stride: usize = load<u32>(records, 12);
    let outcome = hops;
    if (actionOf(records) == DO_RECEIVE) outcome = receive<V>(first, stride, hops, body, command, tags, work);
    else send<V>(first, stride, hops, body, command, tags, work);
    store<u8>(outcomes + i, outcome);
  }
  memory.fill(work, 0, CLIENT_WORK_BYTES);
}

/** Whether a cell that comes in has a layer of that number, and none before it was the last. */
// @ts-ignore: decorator
@inline function hasLayer(record: usize, outcome: usize, layer: u32): bool {
  return load<u8>(outcome) == NOBODY && load<u8>(record, 10) > layer;
}

// @ts-ignore: decorator
@inline function hopOf(record: usize, layer: u32): usize {
  return directionOf(record) + (layer as usize) * (load<u32>(record, 12) as usize);
}

/** Counter blocks of one layer of cells that come in, where its stream is made elsewhere. `work`: as above. */
export function clientCounters(records: usize, count: i32, outcomes: usize, layer: u32, work: usize): void {
  for (let i = 0; i < count; i++, records += RECORD_BYTES) {
    if (!hasLayer(records, outcomes + i, layer)) continue;
    const hop = hopOf(records, layer);
    if (isCgo(hop) && isElsewhere(hop)) putCounters(hop, bodyOf(records), work);
  }
  memory.fill(work, 0, CGO_WORK_BYTES);
}

/** One layer of a batch of cells that all come in, and whose outcomes were NOBODY before the first. */
export function clientPeel<V>(records: usize, count: i32, outcomes: usize, tags: usize, layer: u32, work: usize): void {
  memory.fill(work, 0, CLIENT_WORK_BYTES);
  for (let i = 0; i < count; i++, records += RECORD_BYTES, tags += TAG_STRIDE) {
    if (!hasLayer(records, outcomes + i, layer)) continue;
    const hop = hopOf(records, layer), body = bodyOf(records), command = commandOf(records);
    const isLast = isCgo(hop) && isElsewhere(hop)
      ? peelElsewhere<V>(hop, body, command, tags, work)
      : peel<V>(hop, body, command, tags, work);
    if (isLast) store<u8>(outcomes + i, layer);
  }
  memory.fill(work, 0, CLIENT_WORK_BYTES);
}
