import type { Lease } from '../../kernels/lease.ts';
import type { Clock, Timer } from '../../runtime/port.ts';
import { CELL, CELL_BYTES, type CellCommand, isVariable } from '../cell/command.ts';
import { type CellHead, emptyHead, peekCell } from '../cell/peek.ts';
import { FilledBatch } from './batch.ts';
import { CARRY_BYTES_MAX, type CellMemory, RUN_SLOTS, VARIABLE_BODY_BYTES_MAX } from './cell-memory.ts';
import type { CellBatch } from './types.ts';

/** So many bytes in one turn of the event loop make a channel busy: the next go into a run of its own. */
const BUSY_TURN_BYTES = 4096;
/** So many turns with less in a row, and it is quiet again: what is sent in bulk ends in short records, too. */
const QUIET_TURNS = 8;
/**
 * So many cells are handed out at once; fewer wait for the end of the turn. C tor sends a record for every few cells,
 * and TLS hands out record by record.
 */
const GATHERED_CELLS = 32;
/** With less room at its end a run is left. */
const ROOM_BYTES_MIN = 4096;
const NOTHING = new Uint8Array(0);

/** Who gets the cells, in the order of the wire. */
export interface ReceiverSink {
  onBatch(batch: CellBatch): void;
  /** Any other cell; `whole` and `body` are valid during the call. */
  onCell(head: CellHead, whole: Uint8Array, body: Uint8Array): void;
  /** A variable cell that nobody would send. */
  onTooLong(): void;
  /** There is no room for what was read: stop reading until {@link onRoom}. */
  onStall(): void;
  onRoom(): void;
}

/**
 * Finds the cells in what a stream reads. Relay cells stay where they were read, or are copied once if the channel is
 * quiet (see {@link CellMemory}); all others are handed out at once.
 */
export class CellReceiver {
  /** Circuit numbers have 2 bytes: before VERSIONS is done. */
  isNarrow = true;
  /** Relay cells come in batches; before, they are cells like all others. */
  isOpen = false;
  readonly #memory: CellMemory;
  readonly #sink: ReceiverSink;
  readonly #clock: Clock;
  readonly #batch = new FilledBatch();
  readonly #head = emptyHead();
  #run: Lease | undefined;
  /** Of the run: up to where there are bytes, and up to where they have been looked at. Offsets into the slab. */
  #filled = 0;
  #parsed = 0;
  #busy = false;
  #turnBytes = 0;
  #shortTurns = 0;
  #turnEnd: Timer | undefined;
  /** A cell's beginning, between two reads into the scratch buffer. */
  #carry: Uint8Array = NOTHING;
  /** Bytes of a cell that nobody wants, still to come. */
  #skip = 0;
  /** Bytes that wait for room in the slab; only when stalled. */
  #stalled: Uint8Array | undefined;
  /** A shared run is needed, and there was none. */
  #wantsRoom = false;
  #closed = false;

  constructor(modules: {
    readonly memory: CellMemory;
    readonly sink: ReceiverSink;
    readonly clock: Clock;
  }) {
    this.#memory = modules.memory;
    this.#sink = modules.sink;
    this.#clock = modules.clock;
  }

  /** Where the next bytes go. */
  target(): Uint8Array {
    const { slab } = this.#memory;
    if (this.#run !== undefined) {
      const end = this.#run.offset + this.#run.byteLength;
      if (this.#busy && end - this.#filled >= ROOM_BYTES_MIN) return slab.bytes.subarray(this.#filled, end);
      this.#leaveRun();
    }
    const run = this.#busy && this.#stalled === undefined ? this.#memory.takeRun() : undefined;
    if (run === undefined) return this.#memory.scratchTarget;
    this.#run = run;
    slab.bytes.set(this.#carry, run.offset);
    this.#parsed = run.offset;
    this.#filled = run.offset + this.#carry.length;
    this.#carry = NOTHING;
    return slab.bytes.subarray(this.#filled, run.offset + run.byteLength);
  }

  /** So many bytes lie in the last target. */
  onRead(length: number): void {
    this.#note(length);
    const { slab, scratch, stats } = this.#memory;
    if (this.#run !== undefined) {
      this.#filled += length;
      stats.directBytes += length;
      this.#parsed = this.#parse(slab.bytes, this.#parsed, this.#filled, this.#run);
      this.#deliverMany();
      return;
    }
    if (this.#stalled !== undefined) {
      // A read that was under way when the stream was told to stop.
      const more = new Uint8Array(this.#stalled.length + length);
      more.set(this.#stalled);
      more.set(scratch.subarray(CARRY_BYTES_MAX, CARRY_BYTES_MAX + length), this.#stalled.length);
      this.#stalled = more;
      return;
    }
    const start = CARRY_BYTES_MAX - this.#carry.length;
    scratch.set(this.#carry, start);
    this.#parseCopied(scratch, start, CARRY_BYTES_MAX + length);
  }

  /** Hands out at once what waits for the end of the turn: the stream has ended. */
  flush(): void {
    this.#deliver();
  }

  /** Nothing is read or handed out any more. The stream below must be closed: its target may lie in our run. */
  close(): void {
    this.stop();
    this.#stalled = undefined;
    this.#carry = NOTHING;
    if (this.#run !== undefined) this.#memory.returnRun(this.#run);
    this.#run = undefined;
  }

  /** Hands out nothing more, although the stream still has a target. */
  stop(): void {
    this.#closed = true;
    this.#turnEnd?.cancel();
    this.#turnEnd = undefined;
    this.#batch.clear();
  }

  #note(length: number): void {
    if (this.#closed) return;
    this.#turnBytes += length;
    if (this.#turnBytes >= BUSY_TURN_BYTES) {
      this.#busy = true;
      this.#shortTurns = 0;
    }
    this.#turnEnd ??= this.#clock.setTimer(0, () => this.#endTurn());
  }

  #endTurn(): void {
    this.#turnEnd = undefined;
    if (this.#turnBytes < BUSY_TURN_BYTES && this.#busy) {
      this.#shortTurns += 1;
      this.#busy = this.#shortTurns < QUIET_TURNS;
    }
    this.#turnBytes = 0;
    this.#deliver();
  }

  #leaveRun(): void {
    this.#carry = this.#memory.slab.bytes.slice(this.#parsed, this.#filled);
    this.#memory.returnRun(this.#run!);
    this.#run = undefined;
  }

  #parseCopied(bytes: Uint8Array, start: number, end: number): void {
    const parsed = this.#parse(bytes, start, end, undefined);
    this.#deliverMany();
    if (this.#closed) return;
    const rest = parsed < end ? bytes.slice(parsed, end) : NOTHING;
    if (this.#wantsRoom) this.#stall(rest);
    else this.#carry = rest;
  }

  #stall(rest: Uint8Array): void {
    this.#carry = NOTHING;
    this.#stalled = rest;
    this.#sink.onStall();
    this.#memory.slab.whenFree(() => {
      const stalled = this.#stalled;
      if (stalled === undefined || this.#closed) return;
      this.#stalled = undefined;
      this.#wantsRoom = false;
      this.#parseCopied(stalled, 0, stalled.length);
      if (this.#stalled === undefined && !this.#closed) this.#sink.onRoom();
    }, RUN_SLOTS);
  }

  /**
   * Goes through bytes[start, end); where the first cell begins that is not whole. `run`: the bytes are the slab's and
   * relay cells stay in it; undefined: they are copied into the shared run.
   */
  #parse(bytes: Uint8Array, start: number, end: number, run: Lease | undefined): number {
    let at = start;
    while (at < end && !this.#closed) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      if (this.isOpen && end - at >= CELL_BYTES && isRelay(bytes[at + 4]!)) {
        const cells = run === undefined ? this.#copyCells(bytes, at, end) : this.#addCell(run, at);
        if (cells === 0) break;
        at += cells * CELL_BYTES;
        continue;
      }
      const length = this.#other(bytes, at, end);
      if (length === 0) break;
      at += length;
    }
    return at;
  }

  #addCell(run: Lease, offset: number): number {
    if (!this.#batch.takes(run)) this.#deliver();
    this.#batch.add(run, offset);
    return 1;
  }

  /** Copies the relay cells that lie behind one another from `start` on; how many it could. */
  #copyCells(bytes: Uint8Array, start: number, end: number): number {
    const memory = this.#memory;
    if (memory.sharedRoomCells === 0) {
      this.#deliver();
      if (this.#closed || !memory.renewShared()) {
        this.#wantsRoom = !this.#closed;
        return 0;
      }
    }
    const cellsMax = Math.min(memory.sharedRoomCells, Math.floor((end - start) / CELL_BYTES));
    let cells = 1;
    while (cells < cellsMax && isRelay(bytes[start + cells * CELL_BYTES + 4]!)) cells++;
    const offset = memory.share(bytes, start, start + cells * CELL_BYTES);
    for (let i = 0; i < cells; i++) this.#addCell(memory.shared!, offset + i * CELL_BYTES);
    return cells;
  }

  /** A cell that is not a relay cell on an open link; how many bytes it takes, 0 when it is not whole yet. */
  #other(bytes: Uint8Array, at: number, end: number): number {
    const head = this.#head;
    if (peekCell(bytes, at, end, this.isNarrow, head) === 'need-more') return 0;
    const { byteLength, bodyAt } = head;
    if (isVariable(head.command) && this.#isIdle(head.command)) {
      this.#skip = byteLength;
      this.#sink.onCell(head, NOTHING, NOTHING);
      // The rest of it is dropped as it comes, however long it is.
      const here = Math.min(byteLength, end - at);
      this.#skip -= here;
      return here;
    }
    if (byteLength - bodyAt > VARIABLE_BODY_BYTES_MAX) {
      this.#sink.onTooLong();
      return 0;
    }
    if (end - at < byteLength) return 0;
    this.#deliver();
    if (this.#closed) return 0;
    this.#sink.onCell(
      head,
      bytes.subarray(at, at + byteLength),
      bytes.subarray(at + bodyAt, at + byteLength),
    );
    return byteLength;
  }

  /** Whether nobody looks into cells of that command. During the handshake all of them count. */
  #isIdle(command: CellCommand): boolean {
    return this.isOpen && (command === CELL.vpadding || command > CELL.authenticate);
  }

  #deliverMany(): void {
    if (this.#batch.count >= GATHERED_CELLS) this.#deliver();
  }

  #deliver(): void {
    const batch = this.#batch;
    if (batch.count === 0 || this.#closed) return;
    this.#sink.onBatch(batch);
    batch.clear();
  }
}

function isRelay(command: CellCommand): boolean {
  return command === CELL.relay || command === CELL.relayEarly;
}
