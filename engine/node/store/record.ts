import { pack, unpack } from 'msgpackr';
import * as v from 'valibot';
import { crc32c } from '../../codec/crc32c.ts';
import { AlliumError } from '../../codec/error.ts';

const CHECKSUM_BYTES = 4;

/** A value as it lies in the store: CRC-32C of the rest, then msgpack. */
export function encodeRecord(value: unknown): Buffer {
  const body = pack(value);
  const record = Buffer.alloc(CHECKSUM_BYTES + body.length);
  record.writeUInt32LE(crc32c(body), 0);
  record.set(body, CHECKSUM_BYTES);
  return record;
}

/**
 * The value in a record, checked against its checksum and `schema`. Throws BAD_STATE, with `what` in the message:
 * a damaged record is told, never taken for an empty one.
 */
export function decodeRecord<T extends v.GenericSchema>(
  schema: T,
  record: Uint8Array,
  what: string,
): v.InferOutput<T> {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const body = bytes.subarray(CHECKSUM_BYTES);
  if (bytes.length <= CHECKSUM_BYTES || bytes.readUInt32LE(0) !== crc32c(body))
    throw damaged(what, 'checksum');
  let value: unknown;
  try {
    value = unpack(body);
  } catch (error) {
    throw damaged(what, 'encoding', error);
  }
  const result = v.safeParse(schema, value);
  if (!result.success) throw damaged(what, result.issues[0]?.message ?? 'shape');
  return result.output;
}

/** What a damaged store says; the advice is the same whatever is damaged. */
export function damaged(what: string, why: string, cause?: unknown): AlliumError {
  return new AlliumError('BAD_STATE', `the store of the node is damaged: ${what} (${why})`, {
    advice:
      'Nothing was changed. Put a backup of the state folder in its place, or move it away and start with an ' +
      'empty one; the downloaded files are not in it, and adding their torrents again verifies and keeps them.',
    details: { what },
    ...(cause === undefined ? {} : { cause }),
  });
}
