import { writeUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { FRAME_HEADER_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { ByteStream, Clock } from '../../runtime/port.ts';
import { FREE_UPLOADS, type UploadGate, type UploadTurns } from '../limits/gates.ts';
import type { BorrowedExtent } from '../storage/torrent-storage.ts';
import { type BlockOffset, blockOffset, type PieceIndex, pieceIndex } from '../units.ts';
import { RequestQueue } from './request-queue.ts';
import { RUN_BLOCKS_MAX, RunLength } from './run-length.ts';
import type { SendTurns } from './send-turns.ts';

const PIECE_ID = 7;
/** When more of the slab than this is leased, uploads wait. */
const UPLOADS_SLAB_SHARE = 0.75;
/**
 * One run is on its way to the socket while the next one is read. What lies in memory is read when its turn has come: by
 * then the system has room for it, and between reading and sending it stays in the cache of the core.
 */
const RUNS_IN_FLIGHT_MAX = 2;

export interface UploaderModules {
  readonly slab: Slab;
  readonly stream: ByteStream;
  readonly clock: Clock;
  /** Of the shard. */
  readonly turns: SendTurns;
  /** Fills the targets with the bytes of a verified piece. Undefined: it is done already. */
  readonly read: (
    piece: PieceIndex,
    begin: BlockOffset,
    targets: readonly Uint8Array[],
  ) => Promise<void> | undefined;
  /** Where those bytes lie, where another thread could read them. */
  readonly borrow?: (piece: PieceIndex, begin: BlockOffset, byteLength: number) => BorrowedExtent | undefined;
  /** `byteLength` of payload have been taken by the system. */
  readonly onSent: (byteLength: number) => void;
  readonly onReadError: (piece: PieceIndex, error: unknown) => void;
}

interface OutboundRun {
  readonly lease: Lease;
  readonly wireBytes: number;
  readonly payloadBytes: number;
  readonly blocks: number;
  ready: boolean;
  writtenMs: number;
}

/**
 * Answers the requests of one peer. Consecutive blocks become one run: one scatter read from disk puts their
 * payloads into a run of slots, the headers are written into the gaps left for them, and one write sends it all.
 */
export class Uploader implements UploadTurns {
  /** Decides when runs may start. */
  gate: UploadGate = FREE_UPLOADS;
  private readonly queue: RequestQueue;
  private readonly modules: UploaderModules;
  /** In the order of the requests; the first is sent first. */
  private readonly runs: OutboundRun[] = [];
  private readonly length = new RunLength();
  private runsMax = RUNS_IN_FLIGHT_MAX;
  private waitingForSlots = false;
  private waitingForTurn = false;
  private closed = false;

  constructor(options: { readonly queueLengthMax: number }, modules: UploaderModules) {
    this.queue = new RequestQueue({ lengthMax: options.queueLengthMax });
    this.modules = modules;
  }

  get queueLength(): number {
    return this.queue.length;
  }

  /** False when the peer has too many requests queued already. Call {@link pump} when the batch is through. */
  request(piece: number, begin: number, byteLength: number): boolean {
    return this.queue.push(piece, begin, byteLength);
  }

  /** True when the request was still queued and will not be answered. */
  cancel(piece: number, begin: number, byteLength: number): boolean {
    return this.queue.remove(piece, begin, byteLength);
  }

  /** Drops all that is not on its way yet, telling each to `visit`. */
  clear(visit?: (piece: number, begin: number, byteLength: number) => void): void {
    if (visit !== undefined) {
      for (let i = 0; i < this.queue.length; i++)
        visit(this.queue.piece(i), this.queue.begin(i), this.queue.byteLength(i));
    }
    this.queue.clear();
  }

  close(): void {
    this.closed = true;
    this.queue.clear();
  }

  /** Starts as many reads as may be in flight. */
  pump(): void {
    if (!this.modules.turns.isOver) this.gate.pump(this);
    else if (this.isReady && !this.waitingForTurn) {
      this.waitingForTurn = true;
      this.modules.turns.wait(this.turn);
    }
  }

  private readonly turn = {
    pump: (): void => {
      this.waitingForTurn = false;
      this.pump();
    },
  };

  get isReady(): boolean {
    return !this.closed && this.runs.length < this.runsMax && this.queue.length > 0;
  }

  startRun(bytesMax: number): number {
    if (!this.isReady) return 0;
    const queue = this.queue;
    const count = Math.max(1, queue.runLength(this.length.blocksMax, bytesMax, FRAME_HEADER_BYTES));
    let payloadBytes = 0;
    for (let i = 0; i < count; i++) payloadBytes += queue.byteLength(i);
    const wireBytes = payloadBytes + count * FRAME_HEADER_BYTES;
    const { slab } = this.modules;
    // Peers that ask and do not read must not take the last slots from those who bring something.
    const isCrowded = slab.leasedSlots > slab.slotCount * UPLOADS_SLAB_SHARE;
    const lease = isCrowded ? undefined : slab.tryLease(Math.ceil(wireBytes / SLOT_BYTES), 'upload');
    if (lease === undefined) {
      this.waitForSlots();
      return 0;
    }
    const run: OutboundRun = { lease, wireBytes, payloadBytes, blocks: count, ready: false, writtenMs: 0 };
    this.runs.push(run);
    const piece = pieceIndex(queue.piece(0));
    const begin = blockOffset(queue.begin(0));
    const targets = this.layOut(lease.offset, count);
    queue.shift(count);
    if (!this.delegate(run, piece, begin, targets)) this.readHere(run, piece, begin, targets);
    return wireBytes;
  }

  /** Lets another thread read and send, where there is one and the peer takes enough to be worth it. */
  private delegate(
    run: OutboundRun,
    piece: PieceIndex,
    begin: BlockOffset,
    targets: readonly Uint8Array[],
  ): boolean {
    const { stream, borrow, slab, clock } = this.modules;
    if (stream.sendFile === undefined || this.length.blocksMax < RUN_BLOCKS_MAX) return false;
    const file = borrow?.(piece, begin, run.payloadBytes);
    if (file === undefined) return false;
    const { handle, position, giveBack } = file;
    const bytes = slab.bytes.subarray(run.lease.offset, run.lease.offset + run.wireBytes);
    const sent = (outcome: 'sent' | 'lost' | 'unread'): void => {
      giveBack();
      // Read here it fails as well, and then it is known why.
      if (outcome === 'unread') this.readHere(run, piece, begin, targets);
      else this.finish(run, outcome === 'sent');
    };
    run.writtenMs = clock.now();
    const isTaken = stream.sendFile({ bytes, targets, file: handle, position, sent });
    if (isTaken) this.runsMax = RUNS_IN_FLIGHT_MAX;
    else giveBack();
    return isTaken;
  }

  private readHere(
    run: OutboundRun,
    piece: PieceIndex,
    begin: BlockOffset,
    targets: readonly Uint8Array[],
  ): void {
    const reading = this.modules.read(piece, begin, targets);
    this.runsMax = reading === undefined ? 1 : RUNS_IN_FLIGHT_MAX;
    if (reading === undefined) {
      this.modules.turns.count(run.wireBytes);
      this.onRead(run);
    } else {
      reading.then(
        () => this.onRead(run),
        (error: unknown) => {
          this.runs.splice(this.runs.indexOf(run), 1);
          run.lease.release();
          this.modules.onReadError(piece, error);
          this.send();
        },
      );
    }
  }

  private onRead(run: OutboundRun): void {
    run.ready = true;
    this.send();
  }

  /** Writes the headers of the first `count` requests into the run at `offset`; returns the places of the payloads. */
  private layOut(offset: number, count: number): Uint8Array[] {
    const bytes = this.modules.slab.bytes;
    const targets: Uint8Array[] = [];
    let at = offset;
    for (let i = 0; i < count; i++) {
      const byteLength = this.queue.byteLength(i);
      writeUint32(bytes, at, byteLength + FRAME_HEADER_BYTES - 4);
      bytes[at + 4] = PIECE_ID;
      writeUint32(bytes, at + 5, this.queue.piece(i));
      writeUint32(bytes, at + 9, this.queue.begin(i));
      at += FRAME_HEADER_BYTES;
      targets.push(bytes.subarray(at, at + byteLength));
      at += byteLength;
    }
    return targets;
  }

  private send(): void {
    while (this.runs[0]?.ready === true) {
      const run = this.runs[0];
      if (this.closed) {
        this.runs.shift();
        run.lease.release();
        continue;
      }
      run.ready = false; // sent once
      run.writtenMs = this.modules.clock.now();
      // These slots hold what one peer asked for and are read by nobody else: the stream may encrypt them in place.
      const { bytes } = this.modules.slab;
      this.modules.stream.write(bytes.subarray(run.lease.offset, run.lease.offset + run.wireBytes), (ok) =>
        this.finish(run, ok),
      );
    }
  }

  private finish(run: OutboundRun, ok: boolean): void {
    this.runs.splice(this.runs.indexOf(run), 1);
    run.lease.release();
    if (ok) {
      this.length.note(run.blocks, this.modules.clock.now() - run.writtenMs);
      this.modules.onSent(run.payloadBytes);
    } else this.closed = true;
    this.send();
    this.pump();
  }

  private waitForSlots(): void {
    if (this.waitingForSlots) return;
    this.waitingForSlots = true;
    this.modules.slab.whenFree(() => {
      this.waitingForSlots = false;
      this.pump();
    });
  }
}
