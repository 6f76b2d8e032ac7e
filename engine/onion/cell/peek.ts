import { readUint32 } from '../../codec/big-endian.ts';
import { type CircuitId, circuitId, LINK_CIRCUIT } from '../units.ts';
import {
  CELL,
  CELL_BODY_AT,
  CELL_BYTES,
  type CellCommand,
  isVariable,
  VARIABLE_HEADER_BYTES,
  VERSIONS_HEADER_BYTES,
} from './command.ts';

/** Where {@link peekCell} puts what it has seen; made once by the caller and used again. */
export interface CellHead {
  circuitId: CircuitId;
  command: CellCommand;
  /** The whole cell, header included. */
  byteLength: number;
  /** Where the body begins, counted from the cell's start. */
  bodyAt: number;
}

/** A head to be filled. */
export function emptyHead(): CellHead {
  return { circuitId: LINK_CIRCUIT, command: 0, byteLength: 0, bodyAt: 0 };
}

/**
 * Looks at the cell that begins at `start`. `need-more`: its header is not whole before `end`. `ok`: `head` says
 * what and how long it is, which may reach beyond `end`. Until VERSIONS is done (`isNarrow`) circuit numbers have 2
 * bytes and there are no fixed cells that matter. Allocates nothing.
 */
export function peekCell(
  bytes: Uint8Array,
  start: number,
  end: number,
  isNarrow: boolean,
  head: CellHead,
): 'ok' | 'need-more' {
  if (isNarrow) return peekNarrow(bytes, start, end, head);
  if (end - start < CELL_BODY_AT) return 'need-more';
  const command = bytes[start + 4]!;
  head.command = command;
  head.circuitId = circuitId(readUint32(bytes, start));
  // tor-spec: VERSIONS has a 2-byte circuit number whatever the link's version. Its command then lies two bytes
  // earlier and here there is a length; it is out of order in any case.
  if (!isVariable(command)) {
    head.byteLength = CELL_BYTES;
    head.bodyAt = CELL_BODY_AT;
    return 'ok';
  }
  if (end - start < VARIABLE_HEADER_BYTES) return 'need-more';
  head.byteLength = VARIABLE_HEADER_BYTES + ((bytes[start + 5]! << 8) | bytes[start + 6]!);
  head.bodyAt = VARIABLE_HEADER_BYTES;
  return 'ok';
}

function peekNarrow(bytes: Uint8Array, start: number, end: number, head: CellHead): 'ok' | 'need-more' {
  if (end - start < VERSIONS_HEADER_BYTES) return 'need-more';
  const command = bytes[start + 2]!;
  head.command = command;
  head.circuitId = circuitId((bytes[start]! << 8) | bytes[start + 1]!);
  if (isVariable(command)) {
    head.byteLength = VERSIONS_HEADER_BYTES + ((bytes[start + 3]! << 8) | bytes[start + 4]!);
    head.bodyAt = VERSIONS_HEADER_BYTES;
  } else {
    head.byteLength = CELL_BYTES - 2;
    head.bodyAt = 3;
  }
  return 'ok';
}

/** Whether a command of a cell is one that may come at any time and means nothing. */
export function isPadding(command: CellCommand): boolean {
  return command === CELL.padding || command === CELL.vpadding;
}
