import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import { BLOCK_BYTES, type Message as HashInput, SLOT_BYTES } from '../../kernels/types.ts';
import { HashServer, type LeafSpan } from '../hash-exchange.ts';
import type { Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { TorrentStorage } from '../storage/torrent-storage.ts';
import { blockOffset, type FileIndex, fileIndex, pieceIndex } from '../units.ts';
import { writeHashes, writeHashRequest } from '../wire/encode.ts';
import type { HashRequest } from '../wire/message.ts';
import { HASH_REQUEST_BYTES, MESSAGE_ID } from '../wire/message-id.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** Leaves are hashed from disk on demand; a stranger may keep this many such answers waiting in a torrent. */
const LEAF_ANSWERS_MAX = 4;
/** A question of 53 bytes makes this side read and hash no more than this; one piece is always answered. */
const LEAF_ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** A request of 53 bytes has an answer of up to 256 KiB: a peer gets no further one while so much waits for it. */
const UNSENT_BYTES_MAX = 256 * 1024;
const FRAME_BYTES = 5 + HASH_REQUEST_BYTES;

/** Answers HASH REQUESTs (BEP 52): from the piece layers, or by hashing blocks that are there. */
export class HashResponder {
  private readonly servers = new Map<string, { readonly file: FileIndex; readonly server: HashServer }>();
  private readonly modules: {
    readonly metainfo: Metainfo;
    readonly layout: Layout;
    readonly storage: TorrentStorage;
    readonly slab: Slab;
    readonly hashes: HashService;
    readonly has: (piece: number) => boolean;
  };
  private leafAnswers = 0;

  constructor(modules: HashResponder['modules']) {
    this.modules = modules;
    const { files, pieceLayers, pieceLength } = modules.metainfo;
    for (const [index, { piecesRoot, byteLength }] of files.entries()) {
      if (piecesRoot === undefined) continue;
      const file = fileIndex(index);
      const pieceLayer = pieceLayers.get(file);
      if (pieceLayer === undefined && byteLength > pieceLength) continue; // nobody had it
      const server = new HashServer({ piecesRoot, byteLength, pieceLength, pieceLayer });
      this.servers.set(keyOf(piecesRoot), { file, server });
    }
  }

  /** Sends the hashes, or HASH REJECT. `request` is a view: what outlives the call is copied. */
  answer(peer: TorrentPeer, request: HashRequest): void {
    const known = this.servers.get(keyOf(request.piecesRoot));
    const needs = known?.server.needs(request);
    const isBehind = peer.connection.unsentBytes > UNSENT_BYTES_MAX;
    if (known === undefined || needs === undefined || isBehind) reject(peer, request);
    else if (needs === 'layers') send(peer, request, known.server.answer(request));
    else if (
      needs.pieceCount > 1 &&
      needs.pieceCount * this.modules.metainfo.pieceLength > LEAF_ANSWER_BYTES_MAX
    )
      reject(peer, request);
    else {
      const own = { ...request, piecesRoot: request.piecesRoot.slice() };
      void this.answerFromDisk(peer, own, known.server, known.file, needs);
    }
  }

  private async answerFromDisk(
    peer: TorrentPeer,
    request: HashRequest,
    server: HashServer,
    file: FileIndex,
    span: LeafSpan,
  ): Promise<void> {
    if (this.leafAnswers >= LEAF_ANSWERS_MAX) {
      reject(peer, request);
      return;
    }
    this.leafAnswers++;
    try {
      const leaves = await this.leavesOf(file, span);
      if (peer.connection.closed) return;
      if (leaves === undefined) reject(peer, request);
      else send(peer, request, server.answer(request, leaves));
    } catch {
      // The disk said no: the torrent hears of it when the piece itself is asked for.
      if (!peer.connection.closed) reject(peer, request);
    } finally {
      this.leafAnswers--;
    }
  }

  /** undefined when a piece is not there, or there is no room to read it into now. */
  private async leavesOf(file: FileIndex, span: LeafSpan): Promise<Uint8Array | undefined> {
    const { layout } = this.modules;
    const { first, end } = layout.piecesOf(file);
    const parts: Uint8Array[] = [];
    for (let offset = 0; offset < span.pieceCount; offset++) {
      const piece = first + span.firstPiece + offset;
      if (piece >= end) break;
      const leaves = this.modules.has(piece) ? await this.leavesOfPiece(piece) : undefined;
      if (leaves === undefined) return undefined;
      parts.push(leaves);
    }
    return Buffer.concat(parts);
  }

  private async leavesOfPiece(piece: number): Promise<Uint8Array | undefined> {
    const { layout, slab, storage, hashes } = this.modules;
    const byteLength = layout.hashedLengthV2(pieceIndex(piece));
    const lease = slab.tryLease(Math.ceil(byteLength / SLOT_BYTES), 'hash request');
    if (lease === undefined) return undefined;
    try {
      const target = slab.bytes.subarray(lease.offset, lease.offset + byteLength);
      await storage.read(pieceIndex(piece), blockOffset(0), [target]);
      const blocks: HashInput[] = [];
      for (let at = 0; at < byteLength; at += BLOCK_BYTES) {
        blocks.push([{ offset: lease.offset + at, byteLength: Math.min(BLOCK_BYTES, byteLength - at) }]);
      }
      return await hashes.digest('sha256', blocks);
    } finally {
      lease.release();
    }
  }
}

function send(peer: TorrentPeer, request: HashRequest, hashes: Uint8Array): void {
  const box = peer.connection.outbox;
  box.commit(writeHashes(box.reserve(FRAME_BYTES + hashes.length), box.at, request, hashes));
}

function reject(peer: TorrentPeer, request: HashRequest): void {
  const box = peer.connection.outbox;
  box.commit(writeHashRequest(box.reserve(FRAME_BYTES), box.at, MESSAGE_ID.hashReject, request));
}

function keyOf(root: Uint8Array): string {
  return Buffer.from(root.buffer, root.byteOffset, root.length).toString('latin1');
}
