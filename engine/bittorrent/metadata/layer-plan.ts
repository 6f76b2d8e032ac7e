import { bytesAsKey } from '../../codec/bencode.ts';
import { PieceLayerFetch } from '../hash-exchange-fetch.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { type FileIndex, fileIndex } from '../units.ts';
import type { HashRequest } from '../wire/message.ts';

/** Requests for hashes that one peer has to answer at once. */
const REQUESTS_PER_PEER = 4;
const TIMEOUT_MS = 10_000;
/** How long a peer that refused or did not answer is left alone; it doubles, so that others have their turn. */
const PAUSE_FIRST_MS = 10_000;
const PAUSE_DOUBLINGS_MAX = 5;

interface Part {
  readonly request: HashRequest;
  readonly hashes: PieceLayerFetch;
  asked: { readonly peer: number; readonly atMs: number } | undefined;
}

/** What a HASHES message means: `bad` when its sender lies. */
export type LayerVerdict = 'taken' | 'bad' | 'unasked';

/**
 * Who is asked for which hashes of the piece layers (BEP 52), which are no part of the info dictionary. Pure: the
 * caller sends. Each part is proven by itself, so parts may come from different peers.
 */
export class LayerPlan {
  private readonly fetches = new Map<string, PieceLayerFetch>();
  private readonly missing = new Map<string, Part>();
  private readonly pauses = new Map<number, { untilMs: number; count: number }>();
  private readonly metainfo: Metainfo;

  constructor(metainfo: Metainfo) {
    this.metainfo = metainfo;
    const { files, pieceLength } = metainfo;
    for (const { piecesRoot, byteLength } of files) {
      // Files of the same content share a layer.
      if (piecesRoot === undefined || byteLength <= pieceLength) continue;
      if (this.fetches.has(bytesAsKey(piecesRoot))) continue;
      const wanted = new PieceLayerFetch({ piecesRoot, byteLength, pieceLength });
      this.fetches.set(bytesAsKey(piecesRoot), wanted);
      for (const request of wanted.requests())
        this.missing.set(keyOf(request), { request, hashes: wanted, asked: undefined });
    }
  }

  get isDone(): boolean {
    return this.missing.size === 0;
  }

  /** The requests to send to this peer now; they count as asked. */
  next(peer: number, nowMs: number): HashRequest[] {
    if ((this.pauses.get(peer)?.untilMs ?? 0) > nowMs) return [];
    let underWay = 0;
    for (const { asked } of this.missing.values()) if (asked?.peer === peer) underWay++;
    const requests: HashRequest[] = [];
    for (const part of this.missing.values()) {
      if (underWay >= REQUESTS_PER_PEER) break;
      if (part.asked !== undefined) continue;
      part.asked = { peer, atMs: nowMs };
      underWay++;
      requests.push(part.request);
    }
    return requests;
  }

  /** A HASHES message. */
  take(peer: number, request: HashRequest, hashes: Uint8Array): LayerVerdict {
    const part = this.missing.get(keyOf(request));
    if (part?.asked?.peer !== peer) return 'unasked';
    part.asked = undefined;
    const verdict = part.hashes.take(request, hashes);
    if (verdict === 'taken') this.missing.delete(keyOf(request));
    return verdict;
  }

  /** HASH REJECT: perhaps another peer has it. */
  refused(peer: number, request: HashRequest, nowMs: number): void {
    const part = this.missing.get(keyOf(request));
    if (part?.asked?.peer !== peer) return;
    part.asked = undefined;
    this.pause(peer, nowMs);
  }

  removePeer(peer: number): void {
    for (const part of this.missing.values()) if (part.asked?.peer === peer) part.asked = undefined;
    this.pauses.delete(peer);
  }

  /** Gives up on answers that do not come. */
  expire(nowMs: number): void {
    for (const part of this.missing.values()) {
      if (part.asked === undefined || nowMs - part.asked.atMs < TIMEOUT_MS) continue;
      this.pause(part.asked.peer, nowMs);
      part.asked = undefined;
    }
  }

  /** Requests that go wrong together count once. */
  private pause(peer: number, nowMs: number): void {
    const { untilMs, count } = this.pauses.get(peer) ?? { untilMs: 0, count: 0 };
    if (untilMs > nowMs) return;
    const pauseMs = PAUSE_FIRST_MS * 2 ** Math.min(count, PAUSE_DOUBLINGS_MAX);
    this.pauses.set(peer, { untilMs: nowMs + pauseMs, count: count + 1 });
  }

  /** The layers by file, as {@link Metainfo.pieceLayers} has them; only those that are whole. */
  layers(): Map<FileIndex, Uint8Array> {
    const layers = new Map<FileIndex, Uint8Array>();
    for (const [index, { piecesRoot }] of this.metainfo.files.entries()) {
      const layer = piecesRoot && this.fetches.get(bytesAsKey(piecesRoot))?.layer;
      if (layer !== undefined) layers.set(fileIndex(index), layer);
    }
    return layers;
  }
}

function keyOf(request: HashRequest): string {
  return `${bytesAsKey(request.piecesRoot)}${request.baseLayer},${request.index}`;
}
