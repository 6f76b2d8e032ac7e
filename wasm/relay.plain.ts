import { CGO_STATE_BYTES, CGO_WORK_BYTES, startCgo } from './cgo';
import { cgoRelay, cgoRelayRest } from './cgo-relay';
import { PREPARED_KEY_BYTES, polyval, prepareKey } from './polyval';
import { CLIENT_WORK_BYTES, clientCells, clientCounters, clientPeel } from './relay-client';
import { DIGEST_WORK_BYTES, seedDigest } from './relay-digest';
import { TOR1_STATE_BYTES, tor1Relay } from './relay-tor1';

/*
 * Ciphers for relay cells: the exports. This build works on vectors of u64. For batches, and for what lies in states
 * and `work`, see relay-cell.ts, relay-tor1.ts and cgo.ts. `work` is left zeroed.
 */

/** Room for one direction of one hop, tor1. */
export function tor1StateBytes(): i32 {
  return TOR1_STATE_BYTES;
}

export function tor1WorkBytes(): i32 {
  return DIGEST_WORK_BYTES as i32;
}

/** Begins the running digest of a zeroed state with its seed of 20 bytes. */
export function tor1Seed(direction: usize, seed: usize): void {
  seedDigest(direction, seed);
}

/** Cells at a relay, in their order; needs key stream ahead for each. */
export function tor1RelayCells(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  tor1Relay<u64>(records, count, outcomes, tags, work);
}

/** Room for one direction of one hop, CGO. */
export function cgoStateBytes(): i32 {
  return CGO_STATE_BYTES;
}

export function cgoWorkBytes(): i32 {
  return CGO_WORK_BYTES;
}

/** Begins a direction with 80 bytes of key material. */
export function cgoStart(direction: usize, material: usize, work: usize): void {
  startCgo(direction, material, work);
  memory.fill(work, 0, CGO_WORK_BYTES);
}

/** Cells at a relay, in their order. */
export function cgoRelayCells(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  cgoRelay<u64>(records, count, outcomes, tags, work);
}

/** Adds the key stream that was made elsewhere to the cells that wait for it. */
export function cgoRelayStreams(records: usize, count: i32): void {
  cgoRelayRest<u64>(records, count);
}

export function clientWorkBytes(): i32 {
  return CLIENT_WORK_BYTES;
}

/** Cells at a client, all their layers; needs key stream ahead for each layer of tor1. */
export function clientLayerCells(records: usize, count: i32, outcomes: usize, tags: usize, work: usize): void {
  clientCells<u64>(records, count, outcomes, tags, work);
}

/** Counter blocks of one layer of cells that come in, where its stream is made elsewhere. */
export function clientLayerCounters(records: usize, count: i32, outcomes: usize, layer: i32, work: usize): void {
  clientCounters(records, count, outcomes, layer, work);
}

/** One layer of cells that come in. */
export function clientLayerPeel(
  records: usize, count: i32, outcomes: usize, tags: usize, layer: i32, work: usize,
): void {
  clientPeel<u64>(records, count, outcomes, tags, layer, work);
}

/** POLYVAL (RFC 8452) of `blocks` blocks of 16 bytes, to `sum`. `work`: 1536 bytes, as in the other build. */
export function polyvalSum(sum: usize, key: usize, data: usize, blocks: i32, work: usize): void {
  prepareKey(work, key, work + PREPARED_KEY_BYTES);
  polyval(sum, work, data, blocks as usize);
  memory.fill(work, 0, 256);
}
