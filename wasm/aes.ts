import { STATE_BYTES, WORK_BYTES, addStreams, cryptBatch, start, wipe } from './aes-ctr';
import { expandKey, scheduleBytes } from './aes-key';

/*
 * AES in counter mode, constant-time: the exports. This build works on 32 blocks at a time, in v128.
 * `work` is room for aesWorkBytes() bytes that no other thread uses; it is left zeroed.
 */

/** Room that the schedule of a key of keyBytes (16 or 32) bytes needs. */
export function aesScheduleBytes(keyBytes: i32): i32 {
  return scheduleBytes<v128>((keyBytes >> 2) + 6);
}

/** Room that the state of a cipher needs. */
export function aesStateBytes(): i32 {
  return STATE_BYTES;
}

export function aesWorkBytes(): i32 {
  return WORK_BYTES;
}

/** Makes the key schedule of a key of keyBytes (16 or 32) bytes. */
export function aesExpandKey(schedule: usize, key: usize, keyBytes: i32, work: usize): void {
  expandKey<v128>(schedule, key, keyBytes, work);
  wipe(work);
}

/** Sets a cipher to a counter block of 16 bytes. */
export function aesStart(state: usize, schedule: usize, counter: usize, work: usize): void {
  start<v128>(state, schedule, counter, work);
  wipe(work);
}

/** Encrypts or decrypts, in place; `cells`: schedule, state, data, length (u32 each), `count` times. */
export function aesCryptBatch(cells: usize, count: i32, work: usize): void {
  cryptBatch<v128>(cells, count, work);
}

/** Adds key stream made elsewhere to data; `cells`: stream, 0, data, length (u32 each), `count` times. */
export function aesAddStreams(cells: usize, count: i32): void {
  addStreams<v128>(cells, count);
}
