import { MetadataAssembly } from './assembly.ts';

export interface MetadataPlanOptions {
  /** Longest info dictionary that is taken. */
  readonly bytesMax: number;
  /** Different lengths that peers claim and that are followed up; further ones wait. */
  readonly lengthsMax: number;
  /** Bytes of parts kept for all claimed lengths together. */
  readonly heldBytesMax: number;
  /** Parts asked of one peer at once. */
  readonly partsPerPeer: number;
  /** A part that has not come after this is asked of somebody else. */
  readonly timeoutMs: number;
  /** How long a peer that refused or did not answer is left alone. */
  readonly pauseMs: number;
}

export const METADATA_PLAN_DEFAULTS: MetadataPlanOptions = {
  bytesMax: 32 * 1024 * 1024,
  lengthsMax: 4,
  heldBytesMax: 64 * 1024 * 1024,
  partsPerPeer: 3,
  timeoutMs: 10_000,
  pauseMs: 30_000,
};

interface Source {
  readonly byteLength: number;
  /** What it has been asked for, and when. */
  readonly asked: Map<number, number>;
  /** 0: it has always answered so far. */
  pausedUntilMs: number;
}

interface Attempt {
  readonly assembly: MetadataAssembly;
  /** Parts of several peers did not fit together: from then on one peer at a time has to give all. */
  isSole: boolean;
  owner: number | undefined;
}

/** What follows from a part that has come. */
export interface PartVerdict {
  /** `taken`; `unasked`: nobody waits for it; `bad`: of the wrong length; `done`: it was the last and all is right. */
  readonly kind: 'taken' | 'unasked' | 'bad' | 'done';
  /** Peers found to have sent something wrong. */
  readonly liars: readonly number[];
}

/**
 * Who is asked for which part of the metadata (BEP 9). Pure: the caller sends and tells the time. Peers may lie about
 * the length as well as about the bytes: each length is put together by itself, and when parts of several peers turn
 * out wrong together, single peers are tried until the one who lies is known.
 */
export class MetadataPlan {
  private readonly options: MetadataPlanOptions;
  private readonly isRight: (info: Uint8Array) => boolean;
  private readonly sources = new Map<number, Source>();
  private readonly attempts = new Map<number, Attempt>();
  private found: Uint8Array | undefined;

  /** `isRight` compares with the info-hash. */
  constructor(options: MetadataPlanOptions, isRight: (info: Uint8Array) => boolean) {
    this.options = options;
    this.isRight = isRight;
  }

  /** The info dictionary, once it is there. */
  get info(): Uint8Array | undefined {
    return this.found;
  }

  /** Bytes of parts that are held. */
  get heldBytes(): number {
    let sum = 0;
    for (const { assembly } of this.attempts.values()) sum += assembly.heldBytes;
    return sum;
  }

  /** A peer says it has metadata of this length. False when that cannot be used. */
  addPeer(peer: number, byteLength: number): boolean {
    if (byteLength < 1 || byteLength > this.options.bytesMax) return false;
    if (this.sources.get(peer)?.byteLength === byteLength) return true;
    this.removePeer(peer);
    if (!this.attempts.has(byteLength) && !this.makeRoom()) return false;
    if (!this.attempts.has(byteLength)) {
      const assembly = new MetadataAssembly(byteLength);
      this.attempts.set(byteLength, { assembly, isSole: false, owner: undefined });
    }
    this.sources.set(peer, { byteLength, asked: new Map(), pausedUntilMs: 0 });
    return true;
  }

  /** Whether the peer has metadata that can be asked for. */
  knows(peer: number): boolean {
    return this.sources.has(peer);
  }

  removePeer(peer: number): void {
    this.disown(peer);
    this.sources.delete(peer);
  }

  /** The parts to ask of this peer now; they count as asked. */
  next(peer: number, nowMs: number): number[] {
    const source = this.sources.get(peer);
    const attempt = source && this.attempts.get(source.byteLength);
    if (this.found !== undefined || source === undefined || attempt === undefined) return [];
    if (source.pausedUntilMs > nowMs) return [];
    if (attempt.isSole) {
      attempt.owner ??= peer;
      if (attempt.owner !== peer) return [];
    }
    const parts: number[] = [];
    for (let part = 0; part < attempt.assembly.partCount; part++) {
      if (source.asked.size >= this.options.partsPerPeer) break;
      if (attempt.assembly.has(part) || this.isAsked(source.byteLength, part)) continue;
      source.asked.set(part, nowMs);
      parts.push(part);
    }
    return parts;
  }

  /** A part has come. `bytes` is copied when it is kept. */
  take(peer: number, part: number, bytes: Uint8Array): PartVerdict {
    const source = this.sources.get(peer);
    const attempt = source && this.attempts.get(source.byteLength);
    if (source?.asked.delete(part) !== true || attempt === undefined || this.found !== undefined) {
      return { kind: 'unasked', liars: [] };
    }
    const { assembly } = attempt;
    if (assembly.lengthOf(part) !== bytes.length) return { kind: 'bad', liars: [peer] };
    if (this.heldBytes >= this.options.heldBytesMax && !this.dropOther(attempt)) {
      return { kind: 'unasked', liars: [] };
    }
    assembly.put(peer, part, bytes);
    return assembly.isComplete ? this.judge(attempt) : { kind: 'taken', liars: [] };
  }

  /** The peer does not give this part: it is left alone for a while. */
  refused(peer: number, part: number, nowMs: number): void {
    const source = this.sources.get(peer);
    if (source?.asked.delete(part) === true) this.pause(peer, source, nowMs);
  }

  /** Gives up on answers that do not come. */
  expire(nowMs: number): void {
    for (const [peer, source] of this.sources) {
      const first = Math.min(...source.asked.values());
      if (source.asked.size > 0 && nowMs - first >= this.options.timeoutMs) this.pause(peer, source, nowMs);
    }
  }

  private judge(attempt: Attempt): PartVerdict {
    const { assembly } = attempt;
    const info = assembly.join();
    if (this.isRight(info)) {
      this.found = info;
      this.attempts.clear();
      return { kind: 'done', liars: [] };
    }
    const liars = assembly.senders.size === 1 ? [...assembly.senders] : [];
    assembly.clear();
    attempt.isSole = true;
    attempt.owner = undefined;
    for (const liar of liars) this.removePeer(liar);
    return { kind: 'taken', liars };
  }

  private pause(peer: number, source: Source, nowMs: number): void {
    source.pausedUntilMs = nowMs + this.options.pauseMs;
    source.asked.clear();
    this.disown(peer);
  }

  /** What a peer gave that was to give all and does not is of no use. */
  private disown(peer: number): void {
    const source = this.sources.get(peer);
    const attempt = source && this.attempts.get(source.byteLength);
    if (attempt?.owner !== peer) return;
    attempt.owner = undefined;
    attempt.assembly.clear();
  }

  private isAsked(byteLength: number, part: number): boolean {
    for (const source of this.sources.values()) {
      if (source.byteLength === byteLength && source.asked.has(part)) return true;
    }
    return false;
  }

  /** Room for one more length: the one that nobody claims any more goes, or of those whose peers all failed. */
  private makeRoom(): boolean {
    if (this.attempts.size < this.options.lengthsMax) return true;
    let least: Attempt | undefined;
    for (const attempt of this.attempts.values()) {
      const claims = this.claimsOf(attempt);
      if (claims.length === 0) return this.attempts.delete(attempt.assembly.byteLength);
      if (claims.some(([, source]) => source.pausedUntilMs === 0)) continue;
      if (least === undefined || attempt.assembly.heldBytes < least.assembly.heldBytes) least = attempt;
    }
    if (least === undefined) return false;
    for (const [peer] of this.claimsOf(least)) this.sources.delete(peer);
    return this.attempts.delete(least.assembly.byteLength);
  }

  private claimsOf({ assembly }: Attempt): [number, Source][] {
    return [...this.sources].filter(([, source]) => source.byteLength === assembly.byteLength);
  }

  private dropOther(kept: Attempt): boolean {
    for (const attempt of this.attempts.values()) {
      if (attempt === kept || attempt.assembly.heldBytes === 0) continue;
      attempt.assembly.clear();
      return true;
    }
    return false;
  }
}
