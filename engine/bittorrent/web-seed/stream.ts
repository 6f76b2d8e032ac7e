import { FRAME_HEADER_BYTES } from '../../kernels/types.ts';
import type { ByteStream, Clock, Endpoint, StreamEnd, StreamHandler, Timer } from '../../runtime/port.ts';
import { writeBare, writeKeepAlive, writePieceHeader } from '../wire/encode.ts';
import { HANDSHAKE_BYTES, writeHandshake } from '../wire/handshake.ts';
import { MESSAGE_ID } from '../wire/message-id.ts';
import { RequestReader } from './request-reader.ts';
import type { Span, WebSeedAnswer } from './types.ts';
import { WishList, type WishRun } from './wish-list.ts';

/** Blocks behind each other are asked for in one HTTP request, up to this. */
export const RUN_BYTES_MAX = 1024 * 1024;
/** HTTP requests under way with one web seed: while one answer comes, the next is asked for. */
export const ASKS_MAX = 2;
/** A peer that says nothing for two minutes is let go (BEP 3). */
const KEEP_ALIVE_MS = 60_000;

/** Why the stream has ended. `left`: this engine has closed it. */
export type WebSeedEnd = Exclude<WebSeedAnswer, { kind: 'bytes' }> | { readonly kind: 'left' };

export interface WebSeedStreamOptions {
  /** Names the web seed to whom it may concern, bans above all. */
  readonly url: string;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly pieceLength: number;
}

export interface WebSeedStreamModules {
  readonly clock: Clock;
  readonly ask: (span: Span) => Promise<WebSeedAnswer>;
  readonly onBytes: (byteLength: number) => void;
  readonly onEnd: (end: WebSeedEnd) => void;
}

/**
 * A web seed in the shape of a peer that has everything: to its owner it is a connection on which somebody greets, says
 * HAVE ALL and UNCHOKE, and answers requests; each answer is fetched by HTTP. So choosing pieces, rates, the bound of
 * the slab, and who is to blame for bad blocks are as with every peer.
 */
export class WebSeedStream implements ByteStream {
  readonly remote: Endpoint;
  readonly local: Endpoint = { host: '', port: 0 };
  /** What is written here is read at once. */
  readonly queuedBytes = 0;
  private readonly options: WebSeedStreamOptions;
  private readonly modules: WebSeedStreamModules;
  private readonly owner: StreamHandler;
  private readonly reader = new RequestReader();
  private readonly wishes = new WishList({ runBytesMax: RUN_BYTES_MAX });
  private readonly written: ((ok: boolean) => void)[] = [];
  /** Frames that wait for the owner to read. */
  private readonly outgoing: Uint8Array[] = [];
  private target: Uint8Array | undefined;
  private asks = 0;
  private turn: Timer | undefined;
  private keepAlive: Timer | undefined;
  private paused = false;
  private closed = false;

  constructor(options: WebSeedStreamOptions, modules: WebSeedStreamModules, owner: StreamHandler) {
    this.options = options;
    this.modules = modules;
    this.owner = owner;
    this.remote = { host: options.url, port: 0 };
    this.turn = modules.clock.setTimer(0, () => this.open());
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (written !== undefined) this.written.push(written);
    if (!this.closed) {
      for (const { kind, piece, begin, byteLength } of this.reader.read(bytes)) {
        const offset = piece * this.options.pieceLength + begin;
        if (kind === 'request') this.wishes.add(piece, begin, { offset, byteLength });
        else this.wishes.cancel(piece, begin);
      }
    }
    this.turn ??= this.modules.clock.setTimer(0, () => this.onTurn());
  }

  cork(): void {}

  uncork(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.turn ??= this.modules.clock.setTimer(0, () => this.onTurn());
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    this.close({ kind: 'left' }, { kind: 'closed', code: '' });
  }

  private open(): void {
    this.turn = undefined;
    if (this.closed) return;
    this.owner.onOpen();
    if (this.closed) return;
    this.target = this.owner.readTarget();
    const { infoHash, peerId } = this.options;
    const greeting = new Uint8Array(HANDSHAKE_BYTES + 10);
    const features = { extended: false, fast: true, dht: false, v2: false };
    let at = writeHandshake(greeting, 0, { ...features, infoHash, peerId });
    at += writeBare(greeting, at, MESSAGE_ID.haveAll);
    writeBare(greeting, at, MESSAGE_ID.unchoke);
    this.say(greeting);
    this.stayAlive();
  }

  private stayAlive(): void {
    this.keepAlive = this.modules.clock.setTimer(KEEP_ALIVE_MS, () => {
      const frame = new Uint8Array(4);
      writeKeepAlive(frame, 0);
      this.say(frame);
      if (!this.closed) this.stayAlive();
    });
  }

  private onTurn(): void {
    this.turn = undefined;
    for (const written of this.written.splice(0)) written(!this.closed);
    this.flush();
    while (!this.closed && this.asks < ASKS_MAX) {
      const run = this.wishes.take();
      if (run === undefined) return;
      this.asks++;
      void this.bring(run);
    }
  }

  private async bring(run: WishRun): Promise<void> {
    const answer = await this.modules.ask(run);
    this.asks--;
    this.wishes.done(run);
    if (this.closed) return;
    if (answer.kind !== 'bytes') {
      this.close(answer, { kind: 'reset', code: 'EWEBSEED' });
      return;
    }
    this.modules.onBytes(answer.bytes.length);
    for (const { piece, begin, offset, byteLength, cancelled } of run.wishes) {
      if (cancelled) continue;
      const header = new Uint8Array(FRAME_HEADER_BYTES);
      writePieceHeader(header, 0, piece, begin, byteLength);
      this.outgoing.push(
        header,
        answer.bytes.subarray(offset - run.offset, offset - run.offset + byteLength),
      );
    }
    this.flush();
    if (!this.closed) this.onTurn();
  }

  private say(frame: Uint8Array): void {
    this.outgoing.push(frame);
    this.flush();
  }

  /** Hands out what waits, into whatever room the owner shows. */
  private flush(): void {
    while (!this.closed && !this.paused && this.outgoing.length > 0 && this.target !== undefined) {
      const [first] = this.outgoing.splice(0, 1);
      const { target } = this;
      const length = Math.min(first!.length, target.length);
      target.set(first!.subarray(0, length));
      if (length < first!.length) this.outgoing.unshift(first!.subarray(length));
      this.target = undefined; // so that nothing is handed out in the middle of this
      this.owner.onRead(length);
      if (!this.closed) this.target = this.owner.readTarget();
    }
  }

  private close(reason: WebSeedEnd, end: StreamEnd): void {
    if (this.closed) return;
    this.closed = true;
    this.keepAlive?.cancel();
    this.turn?.cancel();
    this.outgoing.length = 0;
    this.turn = this.modules.clock.setTimer(0, () => {
      for (const written of this.written.splice(0)) written(false);
      this.owner.onClose(end);
      this.modules.onEnd(reason);
    });
  }
}
