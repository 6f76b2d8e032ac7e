import type { StreamId } from '../units.ts';
import type { CellFault } from './decoded.ts';
import type { RelayCommand } from './relay-command.ts';

/** Where {@link RelayFormat.read} puts what it finds; made once by the caller and used again. */
export interface RelayHeader {
  command: RelayCommand;
  /** 0 where there is none. */
  streamId: StreamId;
  /** Index into the bytes that were given. */
  dataAt: number;
  dataLength: number;
}

/** A layout of relay cells: v0 (tor1) or v1 (CGO). In place, without allocation. */
export interface RelayFormat {
  readonly version: 0 | 1;
  /** How much data a cell of that command can carry. */
  dataBytesMax(command: RelayCommand): number;
  /** Reads the header of the body at `bodyAt` (a fixed cell's start + 5). Undefined when it is good. */
  read(bytes: Uint8Array, bodyAt: number, into: RelayHeader): CellFault | undefined;
  /**
   * Writes a header; digest or tag are left zero for the cipher. Returns where the `dataLength` bytes of data
   * go. The padding behind them is the caller's: {@link RelayFormat.padAt}.
   */
  write(
    bytes: Uint8Array,
    bodyAt: number,
    command: RelayCommand,
    stream: StreamId,
    dataLength: number,
  ): number;
  /** Where random padding begins (4 zero bytes behind the data are skipped and set); the body's end if nowhere. */
  padAt(bytes: Uint8Array, bodyAt: number, dataAt: number, dataLength: number): number;
}
