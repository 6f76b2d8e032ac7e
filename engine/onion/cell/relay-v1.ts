import { CIRCUIT_STREAM, type StreamId, streamId } from '../units.ts';
import { CELL_BODY_BYTES } from './command.ts';
import type { CellFault } from './decoded.ts';
import { hasStream, isKnownRelayCommand, type RelayCommand } from './relay-command.ts';
import type { RelayFormat, RelayHeader } from './relay-format.ts';
import { zeroPad } from './relay-v0.ts';

/** The tag that lies in front of the message. */
export const RELAY_V1_TAG_BYTES = 16;
/** Tag, command (1), length (2). */
const HEADER_BYTES = RELAY_V1_TAG_BYTES + 3;
const STREAM_BYTES = 2;
/** Data of a cell whose command has a stream number, and of one that has none. */
export const RELAY_V1_STREAM_DATA_BYTES = CELL_BODY_BYTES - HEADER_BYTES - STREAM_BYTES;
export const RELAY_V1_DATA_BYTES = CELL_BODY_BYTES - HEADER_BYTES;

/**
 * Relay cells of Counter Galois Onion. prop 359: the stream number is there only where the command needs one, where
 * it may not be 0; an unknown command or too long a length ends the circuit.
 */
export const RELAY_V1: RelayFormat = {
  version: 1,
  dataBytesMax: (command) => (hasStream(command) ? RELAY_V1_STREAM_DATA_BYTES : RELAY_V1_DATA_BYTES),
  read(bytes: Uint8Array, bodyAt: number, into: RelayHeader): CellFault | undefined {
    const at = bodyAt + RELAY_V1_TAG_BYTES;
    const command = bytes[at]!;
    const length = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const withStream = hasStream(command);
    into.command = command;
    into.streamId = withStream ? streamId((bytes[at + 3]! << 8) | bytes[at + 4]!) : CIRCUIT_STREAM;
    into.dataAt = bodyAt + HEADER_BYTES + (withStream ? STREAM_BYTES : 0);
    into.dataLength = length;
    if (!isKnownRelayCommand(command)) return 'unknown-command';
    if (length > (withStream ? RELAY_V1_STREAM_DATA_BYTES : RELAY_V1_DATA_BYTES)) return 'bad-length';
    return withStream && into.streamId === CIRCUIT_STREAM ? 'bad-value' : undefined;
  },
  write(
    bytes: Uint8Array,
    bodyAt: number,
    command: RelayCommand,
    stream: StreamId,
    dataLength: number,
  ): number {
    const at = bodyAt + RELAY_V1_TAG_BYTES;
    bytes.fill(0, bodyAt, at);
    bytes[at] = command;
    bytes[at + 1] = dataLength >>> 8;
    bytes[at + 2] = dataLength;
    if (!hasStream(command)) return at + 3;
    bytes[at + 3] = stream >>> 8;
    bytes[at + 4] = stream;
    return at + 5;
  },
  padAt: zeroPad,
};
