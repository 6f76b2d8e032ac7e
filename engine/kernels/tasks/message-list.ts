import { AlliumError } from '../../codec/error.ts';
import type { Message } from '../types.ts';

/**
 * Messages as one row of numbers, the form in which they travel to another thread: for each message the number of
 * its extents, then offset and length of each. A slab ends below 2^32, so 32 bits hold every number.
 */
export function packMessages(messages: readonly Message[]): Uint32Array {
  let length = messages.length;
  for (const message of messages) length += 2 * message.length;
  const packed = new Uint32Array(length);
  let at = 0;
  for (const message of messages) {
    packed[at] = message.length;
    at += 1;
    for (const extent of message) {
      packed[at] = extent.offset;
      packed[at + 1] = extent.byteLength;
      at += 2;
    }
  }
  return packed;
}

/** Length of a message in bytes. */
export function messageBytes(message: Message): number {
  let byteLength = 0;
  for (const extent of message) byteLength += extent.byteLength;
  return byteLength;
}

/**
 * The bytes of all messages together. Throws LEASE_MISUSED when an extent does not lie within the first
 * `memoryBytes` bytes: the kernels do not check, and would read what is not theirs.
 */
export function checkMessages(messages: readonly Message[], memoryBytes: number): number {
  let byteLength = 0;
  for (const message of messages) {
    for (const extent of message) {
      const { offset } = extent;
      const inside = Number.isInteger(offset) && Number.isInteger(extent.byteLength);
      if (!inside || offset < 0 || extent.byteLength < 0 || offset + extent.byteLength > memoryBytes) {
        throw new AlliumError('LEASE_MISUSED', 'a message to hash does not lie in the slab', {
          advice: 'This is a fault of the program: please report it with the stack trace.',
          details: { offset, byteLength: extent.byteLength, memoryBytes },
        });
      }
      byteLength += extent.byteLength;
    }
  }
  return byteLength;
}
