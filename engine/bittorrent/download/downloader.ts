import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { BLOCK_BYTES, FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import type { Clock } from '../../runtime/port.ts';
import type { Layout } from '../layout.ts';
import type { PeerConnection } from '../peer/connection.ts';
import { InboundRun } from '../peer/inbound-run.ts';
import type { Picker } from '../picker/picker.ts';
import type { PickerPeer } from '../picker/picker-peer.ts';
import { type BlockRun, PRIORITY_SKIP } from '../picker/types.ts';
import { Pipeline } from '../pipeline.ts';
import type { TorrentStorage } from '../storage/torrent-storage.ts';
import { blockOffset, type PieceIndex } from '../units.ts';
import { REQUEST_FRAME_BYTES, writeCancel, writeRequest } from '../wire/encode.ts';
import type { DownloadPeer } from './download-peer.ts';
import { PieceAssembly } from './piece-assembly.ts';
import type { PieceCheck } from './piece-check.ts';

/** Slots have been short for so long that pieces under way may be waiting for each other. */
const SLOTS_SHORT_MS = 3_000;

export interface DownloaderOptions {
  /** A peer that owes blocks and sends none for this long is snubbed. */
  readonly snubAfterMs: number;
  /** Requests in flight with one peer, at most. */
  readonly pipelineBlocksMax: number;
  /** Bytes of whole pieces that wait for their hash or for the disk; above, nothing new is asked for. */
  readonly underCheckBytesMax: number;
}

export interface DownloaderModules {
  readonly picker: Picker;
  readonly layout: Layout;
  readonly slab: Slab;
  readonly storage: TorrentStorage;
  readonly check: PieceCheck;
  readonly clock: Clock;
  /** The piece is on the disk and its hash is right. */
  readonly onVerified: (piece: PieceIndex) => void;
  /** Before {@link onVerified}, while the blocks are still in the slab. */
  readonly onPassed: (assembly: PieceAssembly) => Promise<void>;
  /** The piece is wrong; `assembly` still has its blocks until this settles. */
  readonly onFailed: (assembly: PieceAssembly) => Promise<void>;
  /** Hashing or writing is impossible; the torrent must stop. */
  readonly onError: (error: unknown) => void;
}

/**
 * Brings pieces together: asks peers for the blocks the picker chooses, keeps the blocks where they landed in the
 * slab, checks the hash of each piece that is whole, and writes it out from the same slots.
 */
export class Downloader {
  readonly stats = { wastedBytes: 0, failedPieces: 0, bytesUnderCheck: 0, droppedPieces: 0 };
  private readonly options: DownloaderOptions;
  private readonly modules: DownloaderModules;
  private readonly peers = new Map<PickerPeer, DownloadPeer>();
  private readonly assemblies = new Map<PieceIndex, PieceAssembly>();
  private slotsShortSinceMs: number | undefined;
  private stopped = false;

  constructor(options: DownloaderOptions, modules: DownloaderModules) {
    this.options = options;
    this.modules = modules;
  }

  addPeer(connection: PeerConnection): DownloadPeer {
    const peer: DownloadPeer = {
      connection,
      picking: this.modules.picker.addPeer(),
      pipeline: new Pipeline({ blocksMax: this.options.pipelineBlocksMax }),
      fastPieces: new Set(),
      lastBlockMs: this.modules.clock.now(),
      snubbed: false,
      rejecting: false,
    };
    this.peers.set(peer.picking, peer);
    return peer;
  }

  removePeer(peer: DownloadPeer): void {
    this.modules.picker.peerGone(peer.picking);
    this.peers.delete(peer.picking);
    this.fillAll();
  }

  /** Goes on after {@link stop}. */
  start(): void {
    this.stopped = false;
  }

  /** No more requests; blocks not verified yet are given up. */
  stop(): void {
    this.stopped = true;
    for (const piece of [...this.assemblies.keys()]) this.drop(piece);
  }

  /** Asks the peer for as much as its pipeline takes. */
  fill(peer: DownloadPeer): void {
    const { connection, pipeline } = peer;
    if (this.stopped || !connection.ready) return;
    if (connection.peerChoking && peer.fastPieces.size === 0) return;
    if (peer.rejecting || (peer.snubbed && connection.receiver.outstandingRuns.length > 0)) return;
    // Disk or hashing is behind: asking for more would only fill the slab with pieces that wait.
    if (this.stats.bytesUnderCheck > this.options.underCheckBytesMax) return;
    if (!pipeline.isDue) return;
    while (pipeline.room >= pipeline.runBlocks) {
      const run = this.pick(peer, pipeline.runBlocks);
      if (run === undefined || !this.request(peer, run) || peer.snubbed) return;
    }
  }

  onBlock(peer: DownloadPeer, run: InboundRun, index: number, slot: Lease): void {
    const now = this.modules.clock.now();
    const byteLength = run.bytesOf(index);
    const block = run.firstBlock + index;
    peer.lastBlockMs = now;
    peer.snubbed = false;
    peer.rejecting = false;
    peer.pipeline.received(now);
    const verdict = this.modules.picker.blockReceived(peer.picking, run.piece, block, (other, piece, asked) =>
      this.cancel(other, piece, asked),
    );
    if (verdict === 'duplicate' || verdict === 'unasked' || this.stopped) {
      this.stats.wastedBytes += byteLength;
      return;
    }
    const assembly = this.assemblyOf(run.piece);
    assembly.add(block, slot.offset + FRAME_HEADER_BYTES, byteLength, slot, peer.connection.id);
    if (verdict === 'complete') void this.finish(assembly);
  }

  /** The peer chokes this side. Without the fast extension that voids all requests (BEP 3); with it, each is rejected. */
  onChoked(peer: DownloadPeer): void {
    if (peer.connection.fast) return;
    this.modules.picker.releasePeer(peer.picking);
    const { receiver } = peer.connection;
    peer.pipeline.dropped(receiver.outstandingBlocks);
    peer.connection.forgiveBlocks(receiver.outstandingBlocks);
    for (const run of [...receiver.outstandingRuns]) receiver.forget(run);
    this.fillAll();
  }

  /** BEP 6: the peer will not send this block. */
  onRejected(peer: DownloadPeer, piece: PieceIndex, block: number): void {
    this.modules.picker.releaseBlock(peer.picking, piece, block);
    // It crossed a cancel, or nobody had asked: nothing has become free.
    if (!this.dismiss(peer, piece, block)) return;
    peer.rejecting = true;
    if (peer.connection.peerChoking) peer.fastPieces.delete(piece);
    this.fillAll();
  }

  /** To be called about once a second. */
  tick(): void {
    const now = this.modules.clock.now();
    for (const peer of this.peers.values()) {
      peer.rejecting = false;
      const { receiver, readGate } = peer.connection;
      // What is not read cannot be seen.
      const owes = receiver.outstandingBlocks > 0 && !readGate.isHolding;
      if (!owes) peer.lastBlockMs = now;
      else if (!peer.snubbed && now - peer.lastBlockMs > this.options.snubAfterMs) {
        peer.snubbed = true;
        this.modules.picker.peerSnubbed(peer.picking);
      }
    }
    if (this.slotsShortSinceMs !== undefined && now - this.slotsShortSinceMs > SLOTS_SHORT_MS)
      this.makeRoom();
    const { stalledPiece } = this.modules.picker;
    if (stalledPiece !== undefined) {
      this.stats.droppedPieces++;
      this.drop(stalledPiece);
    }
    this.fillAll();
  }

  /** Pieces under way that nobody wants any more give their memory back. */
  dropUnwanted(): void {
    for (const piece of [...this.assemblies.keys()])
      if (this.modules.picker.priorityOf(piece) === PRIORITY_SKIP) this.drop(piece);
  }

  /** Something became free: every peer may have use for it. */
  fillAll(): void {
    for (const peer of this.peers.values()) this.fill(peer);
  }

  private pick(peer: DownloadPeer, blocksMax: number): BlockRun | undefined {
    const { picker } = this.modules;
    if (peer.connection.peerChoking) return picker.pickRunAmong(peer.picking, peer.fastPieces, blocksMax);
    const run = picker.pickRun(peer.picking, blocksMax);
    // Pieces that wait for their hash make room for new ones soon; only blocks that hang are worth asking for twice.
    if (run !== undefined || (this.stats.bytesUnderCheck > 0 && !picker.inEndgame)) return run;
    return picker.pickDuplicate(peer.picking);
  }

  private request(peer: DownloadPeer, blocks: BlockRun): boolean {
    const { slab, layout, picker, clock } = this.modules;
    const { piece, firstBlock, blockCount } = blocks;
    const slots = slab.tryLeaseEach(blockCount, 'download');
    if (slots === undefined) {
      for (let i = 0; i < blockCount; i++) picker.releaseBlock(peer.picking, piece, firstBlock + i);
      this.waitForSlots();
      return false;
    }
    const begin = firstBlock * BLOCK_BYTES;
    const runBytes = Math.min(blockCount * BLOCK_BYTES, layout.pieceLengthOf(piece) - begin);
    const run = new InboundRun({
      piece,
      firstBlock,
      blockCount,
      lastBlockBytes: runBytes - (blockCount - 1) * BLOCK_BYTES,
    });
    peer.connection.receiver.expect(run, slots);
    peer.pipeline.sent(blockCount, clock.now());
    const box = peer.connection.outbox;
    for (let i = 0; i < blockCount; i++) {
      const bytes = box.reserve(REQUEST_FRAME_BYTES);
      box.commit(writeRequest(bytes, box.at, piece, begin + i * BLOCK_BYTES, run.bytesOf(i)));
    }
    return true;
  }

  private assemblyOf(piece: PieceIndex): PieceAssembly {
    let assembly = this.assemblies.get(piece);
    if (assembly === undefined) {
      assembly = new PieceAssembly({ piece, byteLength: this.modules.layout.pieceLengthOf(piece) });
      this.assemblies.set(piece, assembly);
    }
    return assembly;
  }

  private async finish(assembly: PieceAssembly): Promise<void> {
    const { check, storage, slab, picker, onVerified, onPassed, onFailed, onError } = this.modules;
    this.assemblies.delete(assembly.piece);
    this.stats.bytesUnderCheck += assembly.byteLength;
    try {
      if (await check.passes(assembly)) {
        await storage.write(assembly.piece, blockOffset(0), assembly.buffers(slab.bytes));
        await onPassed(assembly);
        picker.pieceVerified(assembly.piece);
        onVerified(assembly.piece);
      } else {
        this.stats.failedPieces++;
        this.stats.wastedBytes += assembly.byteLength;
        await onFailed(assembly);
        picker.pieceFailed(assembly.piece);
      }
    } catch (error) {
      picker.pieceFailed(assembly.piece);
      onError(error);
    } finally {
      this.stats.bytesUnderCheck -= assembly.byteLength;
      assembly.release();
    }
    this.fillAll();
  }

  /** Another peer has sent what this one was asked for. */
  private cancel(picking: PickerPeer, piece: PieceIndex, block: number): void {
    const peer = this.peers.get(picking);
    if (peer === undefined || peer.connection.closed) return;
    const begin = block * BLOCK_BYTES;
    const byteLength = Math.min(BLOCK_BYTES, this.modules.layout.pieceLengthOf(piece) - begin);
    const box = peer.connection.outbox;
    box.commit(writeCancel(box.reserve(REQUEST_FRAME_BYTES), box.at, piece, begin, byteLength));
    peer.connection.forgiveBlocks(1);
    this.dismiss(peer, piece, block);
  }

  /** Stops waiting for a block; false when it was not awaited. */
  private dismiss(peer: DownloadPeer, piece: PieceIndex, block: number): boolean {
    if (!peer.connection.receiver.dismiss(piece, block)) return false;
    peer.pipeline.dropped(1);
    return true;
  }

  /** Takes back all that was asked of a peer. */
  private giveUp(peer: DownloadPeer): void {
    for (const run of [...peer.connection.receiver.outstandingRuns]) {
      for (let index = run.nextMissing(); index < run.blockCount; index = run.nextMissing(index + 1)) {
        const block = run.firstBlock + index;
        this.modules.picker.releaseBlock(peer.picking, run.piece, block);
        this.cancel(peer.picking, run.piece, block);
      }
    }
  }

  private waitForSlots(): void {
    if (this.slotsShortSinceMs !== undefined) return;
    this.slotsShortSinceMs = this.modules.clock.now();
    this.modules.slab.whenFree(() => {
      this.slotsShortSinceMs = undefined;
      this.fillAll();
    });
  }

  /** Takes back what snubbed peers hold; else gives up the piece that has come least far, so that others can be finished. */
  private makeRoom(): void {
    const silent = [...this.peers.values()].filter(
      ({ snubbed, connection }) => snubbed && connection.receiver.outstandingRuns.length > 0,
    );
    if (silent.length > 0) {
      for (const peer of silent) this.giveUp(peer);
      return;
    }
    let least: PieceAssembly | undefined;
    for (const assembly of this.assemblies.values()) {
      if (least === undefined || assembly.receivedCount < least.receivedCount) least = assembly;
    }
    if (least === undefined || this.assemblies.size < 2) return;
    this.stats.droppedPieces++;
    this.drop(least.piece);
  }

  private drop(piece: PieceIndex): void {
    this.modules.picker.pieceDropped(piece);
    this.assemblies.get(piece)?.release();
    this.assemblies.delete(piece);
  }
}
