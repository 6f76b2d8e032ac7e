/*
 * What the ciphers for relay cells share: where things lie in a cell, in a batch and in the state of one direction
 * of one hop.
 *
 * A batch is `count` records of four u32: address of a direction's state, address of the body (509 bytes, at any
 * alignment), what to do, and a spare one. Its outcomes are one byte each, its tags 32 bytes each.
 */

export const BODY_BYTES: usize = 509;
export const RECORD_BYTES: usize = 16;
export const TAG_STRIDE: usize = 32;

/** Where a direction says which cipher it is. */
export const KIND_AT: usize = 12;
export const KIND_CGO: u32 = 1;

export const DO_FORWARD: u32 = 0;
export const DO_BACKWARD: u32 = 1;

export const PASS: u32 = 0;
export const RECOGNISED: u32 = 1;

// @ts-ignore: decorator
@inline export function directionOf(record: usize): usize { return load<u32>(record); }

// @ts-ignore: decorator
@inline export function bodyOf(record: usize): usize { return load<u32>(record, 4); }

/** What to do with a cell: at a relay 0 forward, 1 backward, 2 originate; at a client 0 receive, 1 send. */
// @ts-ignore: decorator
@inline export function actionOf(record: usize): u32 { return load<u8>(record, 8); }

/** The command in the header of the cell. */
// @ts-ignore: decorator
@inline export function commandOf(record: usize): u32 { return load<u8>(record, 9); }
