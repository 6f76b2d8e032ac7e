import { type StreamId, streamId } from '../units.ts';
import { CELL_BODY_BYTES } from './command.ts';
import type { CellFault } from './decoded.ts';
import type { RelayCommand } from './relay-command.ts';
import type { RelayFormat, RelayHeader } from './relay-format.ts';

/** Command (1), recognised (2), stream (2), digest (4), length (2). */
export const RELAY_V0_HEADER_BYTES = 11;
/** Where the digest lies in the body. */
export const RELAY_V0_DIGEST_AT = 5;
/** Data of one cell. */
export const RELAY_V0_DATA_BYTES = CELL_BODY_BYTES - RELAY_V0_HEADER_BYTES;
/** tor-spec, "relay cells": so many zeros behind the data, then chance. */
const ZERO_PAD_BYTES = 4;

/** Relay cells of the first kind of cipher. tor-spec, "relay cells". */
export const RELAY_V0: RelayFormat = {
  version: 0,
  dataBytesMax: () => RELAY_V0_DATA_BYTES,
  read(bytes: Uint8Array, bodyAt: number, into: RelayHeader): CellFault | undefined {
    const length = (bytes[bodyAt + 9]! << 8) | bytes[bodyAt + 10]!;
    into.command = bytes[bodyAt]!;
    into.streamId = streamId((bytes[bodyAt + 3]! << 8) | bytes[bodyAt + 4]!);
    into.dataAt = bodyAt + RELAY_V0_HEADER_BYTES;
    into.dataLength = length;
    return length > RELAY_V0_DATA_BYTES ? 'bad-length' : undefined;
  },
  write(
    bytes: Uint8Array,
    bodyAt: number,
    command: RelayCommand,
    stream: StreamId,
    dataLength: number,
  ): number {
    bytes[bodyAt] = command;
    bytes[bodyAt + 1] = 0;
    bytes[bodyAt + 2] = 0;
    bytes[bodyAt + 3] = stream >>> 8;
    bytes[bodyAt + 4] = stream;
    bytes.fill(0, bodyAt + RELAY_V0_DIGEST_AT, bodyAt + RELAY_V0_DIGEST_AT + 4);
    bytes[bodyAt + 9] = dataLength >>> 8;
    bytes[bodyAt + 10] = dataLength;
    return bodyAt + RELAY_V0_HEADER_BYTES;
  },
  padAt: zeroPad,
};

/** Sets the zeros behind the data; where the random bytes begin. */
export function zeroPad(bytes: Uint8Array, bodyAt: number, dataAt: number, dataLength: number): number {
  const end = bodyAt + CELL_BODY_BYTES;
  const zerosEnd = Math.min(end, dataAt + dataLength + ZERO_PAD_BYTES);
  bytes.fill(0, dataAt + dataLength, zerosEnd);
  return zerosEnd;
}
