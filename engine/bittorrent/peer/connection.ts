import type { Lease } from '../../kernels/lease.ts';
import type { ByteStream, Endpoint, StreamEnd, StreamHandler, Timer } from '../../runtime/port.ts';
import { Bitfield } from '../bitfield.ts';
import { FREE_READS, type ReadGate } from '../limits/gates.ts';
import type { TransportName } from '../transport/transport.ts';
import { decodeMessage } from '../wire/decode.ts';
import { type BlockNumbers, blockNumbers, decodeBlockRequest } from '../wire/decode-block.ts';
import { type BareMessageId, REQUEST_FRAME_BYTES, writeBare, writeReject } from '../wire/encode.ts';
import { messageBytesMax } from '../wire/frame.ts';
import {
  decodeHandshake,
  HANDSHAKE_BYTES,
  HANDSHAKE_BYTES_BEFORE_PEER_ID,
  handshakeInfoHash,
  isHandshakeStart,
  writeHandshake,
} from '../wire/handshake.ts';
import { MESSAGE_ID } from '../wire/message-id.ts';
import type { WireFault, WireRules } from '../wire/rules.ts';
import type { ConnectionModules, ConnectionOptions } from './connection-options.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { InboundRun } from './inbound-run.ts';
import { Outbox } from './outbox.ts';
import { type CloseReason, isAbout, type PeerHost } from './peer-host.ts';
import { Receiver, type ReceiverEvents } from './receiver.ts';
import { Uploader } from './uploader.ts';

/** Blocks nobody asked for that are forgiven, besides those that may cross our cancels. */
const UNWANTED_BLOCKS_MAX = 512;
/** Messages, blocks not counted, that a peer lets wait: far more than an honest one is ever behind. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** A peer that connects and does not say which torrent it is about is gone after this. */
const GREETING_TIMEOUT_MS = 20_000;

/**
 * One peer: the object that owns the socket. It reads, decodes, keeps the four flags of BEP 3 and hands everything
 * else to its torrent; what to ask for and whom to serve is decided there.
 */
export class PeerConnection implements StreamHandler, ReceiverEvents {
  readonly id: number;
  readonly direction: 'incoming' | 'outgoing';
  /** BEP 3 starts choked and not interested, both ways. */
  amChoking = true;
  amInterested = false;
  peerChoking = true;
  peerInterested = false;
  /** What the peer has; set once the torrent's piece count is known. */
  pieces: Bitfield | undefined;
  peerId: Uint8Array | undefined;
  fast = false;
  extended = false;
  lastReadMs = 0;
  lastWrittenMs = 0;
  /** When last nothing was waiting for the peer to take it, or some of it was taken. */
  private lastTakenMs = 0;
  uploadedBytes = 0;
  downloadedBytes = 0;
  private readonly options: ConnectionOptions;
  private readonly modules: ConnectionModules;
  readonly receiver: Receiver;
  /** What carries it; `web`: a web seed, which lives in this process. */
  transport: TransportName | 'web' = 'tcp';
  /** By RC4 (MSE). */
  encrypted = false;
  /** Decides when it may be read. */
  readGate: ReadGate = FREE_READS;
  private stream!: ByteStream;
  private boundHost: PeerHost | undefined;
  private rules: WireRules | undefined;
  private upload: Uploader | undefined;
  private box!: Outbox;
  private readonly greeting = new Uint8Array(HANDSHAKE_BYTES);
  private greetingLength = 0;
  /** While the torrent of a caller is being fetched, and until the first read after that. */
  private early: EarlyBytes | undefined;
  private greeted = false;
  private greetingTimer: Timer | undefined;
  private closeReason: CloseReason | undefined;
  private unwantedBlocks = 0;
  private readonly numbers: BlockNumbers = blockNumbers();

  /** `host`: the torrent of an outgoing connection. */
  constructor(options: ConnectionOptions, modules: ConnectionModules, host?: PeerHost) {
    this.id = options.id;
    this.direction = options.direction;
    this.options = options;
    this.modules = modules;
    this.boundHost = host;
    this.receiver = new Receiver({ memory: modules.memory, events: this });
  }

  /** To be called with the stream before anything happens on it. */
  attach(stream: ByteStream): void {
    this.stream = stream;
    this.box = new Outbox({ stream });
    this.lastReadMs = this.modules.clock.now();
    this.lastWrittenMs = this.lastReadMs;
    this.lastTakenMs = this.lastReadMs;
    this.greetingTimer = this.modules.clock.setTimer(GREETING_TIMEOUT_MS, () =>
      this.close('handshake-timeout'),
    );
  }

  /** What is written goes to `stream` from now on; nothing that was written before counts. Before the handshakes only. */
  replaceStream(stream: ByteStream): void {
    this.stream = stream;
    this.box = new Outbox({ stream });
  }

  get remote(): Endpoint {
    return this.stream.remote;
  }

  /** For {@link readGate}, which alone may stop it from being read. */
  get reading(): Pick<ByteStream, 'pause' | 'resume'> {
    return this.stream;
  }

  /** BEP 10: `reqq`. */
  get requestQueueMax(): number {
    return this.options.requestQueueMax;
  }

  get closed(): boolean {
    return this.closeReason !== undefined;
  }

  /** The handshakes have been exchanged. */
  get ready(): boolean {
    return this.greeted && !this.closed;
  }

  get uploader(): Uploader {
    return this.upload!;
  }

  /** Where to write small messages. */
  get outbox(): Outbox {
    this.lastWrittenMs = this.modules.clock.now();
    return this.box;
  }

  /** Bytes of messages, blocks not counted, that the peer has not taken yet. */
  get unsentBytes(): number {
    return this.box.unsentBytes;
  }

  /** Lets go of a peer that has taken nothing of what waits for it for `afterMs`: its blocks hold slots. */
  closeIfNotReading(afterMs: number): void {
    const now = this.modules.clock.now();
    if (this.stream.queuedBytes === 0) this.lastTakenMs = now;
    else if (now - this.lastTakenMs > afterMs) this.close('not-reading');
    this.closeIfUnsent();
  }

  setPieces(pieceCount: number, bits: Uint8Array): void {
    this.pieces = new Bitfield(pieceCount, bits);
  }

  setAllPieces(pieceCount: number): void {
    this.pieces = Bitfield.full(pieceCount);
  }

  sendBare(id: BareMessageId): void {
    const box = this.outbox;
    box.commit(writeBare(box.reserve(5), box.at, id));
  }

  close(reason: CloseReason): void {
    if (this.closed) return;
    this.closeReason = reason;
    this.stream.destroy();
  }

  onOpen(): void {
    if (this.boundHost !== undefined) this.sendHandshake(this.boundHost, this.boundHost.infoHashes[0]!);
  }

  readTarget(): Uint8Array {
    return this.early?.target() ?? this.nextTarget();
  }

  private nextTarget(): Uint8Array {
    if (!this.greeted) return this.greeting.subarray(this.greetingLength);
    return this.readGate.aim(this.receiver.readTarget());
  }

  onRead(length: number): void {
    if (this.closed) return;
    this.lastReadMs = this.modules.clock.now();
    if (this.early === undefined) this.takeIn(length);
    else if (this.early.onRead(length, () => this.closed) === 'released') this.early = undefined;
    else if (this.early.isFull) this.close('request-flood');
  }

  /** `length` bytes lie at the start of where the handshake, or what follows it, goes on. */
  private takeIn(length: number): void {
    if (!this.greeted) {
      this.greetingLength += length;
      this.readGreeting();
      return;
    }
    this.receiver.onRead(length);
    if (this.closed) return;
    this.readGate.count(length);
    this.upload?.pump();
    this.boundHost?.onBatch(this);
    this.closeIfUnsent();
  }

  onDrain(): void {
    this.lastTakenMs = this.modules.clock.now();
  }

  onClose(end: StreamEnd): void {
    this.closeReason ??= end.kind === 'refused' || !this.greeted ? 'connect-failed' : 'peer-left';
    this.receiver.close();
    this.upload?.close();
    this.greetingTimer?.cancel();
    this.boundHost?.onClosed(this, this.closeReason);
    this.modules.onClosed(this, this.closeReason);
  }

  lengthMax(id: number): number {
    return messageBytesMax(id, this.rules!);
  }

  onTooLong(): void {
    this.close('message-too-long');
  }

  onUnwantedBlock(): boolean {
    this.unwantedBlocks++;
    if (this.unwantedBlocks > UNWANTED_BLOCKS_MAX) this.close('unwanted-blocks');
    return !this.closed;
  }

  onBlock(run: InboundRun, index: number, slot: Lease): boolean {
    this.downloadedBytes += run.bytesOf(index);
    this.boundHost!.onBlock(this, run, index, slot);
    return !this.closed;
  }

  onMessage(bytes: Uint8Array, start: number, end: number): boolean {
    const id = end > start ? bytes[start]! : -1;
    if (id === MESSAGE_ID.request || id === MESSAGE_ID.cancel) this.onBlockRequest(id, bytes, start, end);
    else {
      const result = decodeMessage(bytes, start, end, this.rules!);
      if (!result.ok) this.close(result.fault);
      else this.boundHost!.onMessage(this, result.message);
    }
    return !this.closed;
  }

  /** BEP 6: a request that will not be answered is rejected; without the extension it is passed over in silence. */
  reject(piece: number, begin: number, byteLength: number): void {
    if (!this.fast) return;
    const box = this.outbox;
    box.commit(writeReject(box.reserve(REQUEST_FRAME_BYTES), box.at, piece, begin, byteLength));
  }

  /** Chokes or unchokes. BEP 6: what was asked and not answered is rejected with the choke. */
  setChoking(choking: boolean): void {
    if (this.amChoking === choking) return;
    this.amChoking = choking;
    this.sendBare(choking ? MESSAGE_ID.choke : MESSAGE_ID.unchoke);
    if (choking) this.upload?.clear((piece, begin, byteLength) => this.reject(piece, begin, byteLength));
  }

  setInterested(interested: boolean): void {
    if (this.amInterested === interested) return;
    this.amInterested = interested;
    this.sendBare(interested ? MESSAGE_ID.interested : MESSAGE_ID.notInterested);
  }

  /** This many blocks that the peer was asked for are not waited for any more; they may come all the same. */
  forgiveBlocks(count: number): void {
    this.unwantedBlocks -= count;
  }

  private closeIfUnsent(): void {
    if (this.box.unsentBytes > UNSENT_BYTES_MAX) this.close('not-reading');
  }

  private onBlockRequest(id: number, bytes: Uint8Array, start: number, end: number): void {
    const fault = decodeBlockRequest(bytes, start, end, this.rules!, this.numbers);
    if (fault !== undefined) {
      this.close(fault);
      return;
    }
    const { piece, begin, byteLength } = this.numbers;
    if (id === MESSAGE_ID.cancel) {
      if (this.upload!.cancel(piece, begin, byteLength)) this.reject(piece, begin, byteLength);
      return;
    }
    if (!this.boundHost!.mayServe(this, piece)) this.reject(piece, begin, byteLength);
    else if (!this.upload!.request(piece, begin, byteLength)) {
      // With the fast extension the peer hears of it; a client without it would wait for ever.
      if (this.fast) this.reject(piece, begin, byteLength);
      else this.close('request-flood');
    }
  }

  private readGreeting(): void {
    const length = this.greetingLength;
    if (!isHandshakeStart(this.greeting, 0, length)) {
      this.close('bad-handshake');
      return;
    }
    if (length < HANDSHAKE_BYTES_BEFORE_PEER_ID) return;
    const infoHash = handshakeInfoHash(this.greeting, 0);
    if (this.boundHost === undefined) {
      const host = this.modules.lookup(infoHash);
      if (host instanceof Promise) {
        this.waitFor(host, infoHash);
        return;
      }
      if (!this.bind(host, infoHash)) return;
    }
    if (length === HANDSHAKE_BYTES) this.finishGreeting(this.boundHost!);
  }

  /** Reads no more until the torrent is there; what is under way by then is kept and taken in afterwards. */
  private waitFor(torrent: Promise<PeerHost | undefined>, infoHash: Uint8Array): void {
    const early = new EarlyBytes({
      target: () => this.nextTarget(),
      takeIn: (length) => this.takeIn(length),
    });
    this.early = early;
    this.stream.pause();
    void torrent.then((host) => {
      if (this.closed) return;
      if (!this.bind(host, infoHash)) return;
      this.readGreeting();
      early.release(() => this.closed);
      if (!this.closed) this.stream.resume();
    });
  }

  private bind(host: PeerHost | undefined, infoHash: Uint8Array): boolean {
    if (host === undefined) this.close('unknown-torrent');
    else {
      this.boundHost = host;
      this.sendHandshake(host, infoHash);
    }
    return host !== undefined;
  }

  private finishGreeting(host: PeerHost): void {
    const handshake = decodeHandshake(this.greeting, 0, HANDSHAKE_BYTES);
    if (typeof handshake === 'string' || !isAbout(host, handshake.infoHash)) {
      this.close(typeof handshake === 'string' ? ('bad-handshake' satisfies WireFault) : 'unknown-torrent');
      return;
    }
    this.peerId = handshake.peerId;
    this.fast = handshake.fast && host.features.fast;
    this.extended = handshake.extended && host.features.extended;
    this.rules = { ...host.rules, fast: this.fast, extended: this.extended };
    this.upload = new Uploader(
      { queueLengthMax: this.options.requestQueueMax },
      {
        ...this.modules,
        stream: this.stream,
        read: (piece, begin, targets) => host.read(piece, begin, targets),
        borrow: (piece, begin, byteLength) => host.borrow?.(piece, begin, byteLength),
        onSent: (byteLength) => {
          this.uploadedBytes += byteLength;
          this.lastWrittenMs = this.modules.clock.now();
          this.lastTakenMs = this.lastWrittenMs;
          host.onSent(this, byteLength);
        },
        onReadError: (piece, error) => host.onReadError(this, piece, error),
      },
    );
    this.greeted = true;
    this.greetingTimer?.cancel();
    const refused = host.onHandshake(this, handshake);
    if (refused !== undefined) this.close(refused);
  }

  private sendHandshake(host: PeerHost, infoHash: Uint8Array): void {
    const box = this.outbox;
    const { localPeerId, features } = host;
    box.commit(
      writeHandshake(box.reserve(HANDSHAKE_BYTES), box.at, { ...features, infoHash, peerId: localPeerId }),
    );
    // aria2 and webtorrent lose a bitfield that comes in one segment with the handshake.
    box.flush();
  }
}
