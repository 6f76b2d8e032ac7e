import type net from 'node:net';
import type { ByteStream, Endpoint, FileSend, StreamEnd, StreamHandler } from '../port.ts';
import { CopiedRead } from './copied-read.ts';
import { moveToReader, type ReadSink } from './direct-read.ts';
import { endOfError, toEndpoint } from './endpoint.ts';
import type { SenderCrew } from './senders/crew.ts';
import { fileBlocks } from './senders/file-blocks.ts';
import type { StreamSender } from './senders/thread.ts';
import type { RealStats } from './stats.ts';
import { WriteQueue } from './write-queue.ts';

export interface RealStreamOptions {
  /** How long {@link ByteStream.end} goes on without progress before it closes regardless. */
  readonly closeTimeoutMs: number;
  /** Read into the handler's memory; false copies (direct-read.ts says why one might have to). */
  readonly directReads: boolean;
}

export interface RealStreamModules {
  readonly stats: RealStats;
  /** Where bytes go that nobody wants any more; shared by all streams. */
  readonly bin: Uint8Array;
  /** Who sends for streams that have much to send. */
  readonly senders?: Pick<SenderCrew, 'adopt'>;
}

/**
 * A TCP connection. It starts with a plain socket, connecting or accepted and paused; {@link open} gives it its
 * owner and starts the reading. What is written earlier waits in `#early`.
 */
export class RealStream implements ByteStream, ReadSink {
  remote: Endpoint;
  local: Endpoint;
  readonly #options: RealStreamOptions;
  readonly #modules: RealStreamModules;
  readonly #queue = new WriteQueue();
  #socket: net.Socket;
  #early: Uint8Array[] | undefined = [];
  #handler: StreamHandler | undefined;
  #copied: CopiedRead | undefined;
  #paused = false;
  /** Whether anybody wants what arrives; false from `end` and `destroy` on. */
  #reading = true;
  /** Why it goes away; undefined while it does not. */
  #end: StreamEnd | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #gone: (() => void) | undefined;
  /** Who sends, once the sending half is lent. */
  #sender: StreamSender | undefined;
  /** Why the write that is being answered failed: what it was to send could not be read. */
  #unread = false;

  constructor(socket: net.Socket, remote: Endpoint, options: RealStreamOptions, modules: RealStreamModules) {
    this.remote = remote;
    this.local = toEndpoint(socket.localAddress ?? '', socket.localPort ?? 0);
    this.#options = options;
    this.#modules = modules;
    this.#socket = socket;
    this.#watch(socket);
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** A connection is being made; `handler` will hear how it went, `timeoutMs` from now at the latest. */
  await(handler: StreamHandler, timeoutMs: number): void {
    this.#handler = handler;
    this.#startTimer(timeoutMs, { kind: 'timeout', code: 'ETIMEDOUT' });
    this.#socket.once('connect', () => {
      if (this.#end !== undefined) return;
      this.remote = toEndpoint(
        this.#socket.remoteAddress ?? this.remote.host,
        this.#socket.remotePort ?? this.remote.port,
      );
      this.local = toEndpoint(this.#socket.localAddress ?? '', this.#socket.localPort ?? 0);
      this.prepare(this.#socket, () => this.open(handler));
    });
  }

  /** For an accepted connection that has something to do before it opens: it gives up after so long. */
  limitOpening(timeoutMs: number): void {
    this.#startTimer(timeoutMs, { kind: 'timeout', code: 'ETIMEDOUT' });
  }

  /** What there is to do between connecting and {@link open}; calls `ready` then. Nothing over plain TCP. */
  protected prepare(_socket: net.Socket, ready: () => void): void {
    ready();
  }

  /** Goes on with `socket`, which carries this connection from now on and reads by itself, into this. */
  protected replaceSocket(socket: net.Socket): void {
    this.#socket = socket;
    this.#watch(socket);
  }

  /** The peer has finished. Half a connection is of no use to any protocol here; `end` still sends the rest. */
  protected peerEnded(): void {
    if (this.#reading) this.#close({ kind: 'ended', code: '' });
  }

  /** How the reading begins: with a second socket that reads into the handler's memory, or by copying. */
  protected startReading(handler: StreamHandler): void {
    const reader = this.#options.directReads ? moveToReader(this.#socket, this) : undefined;
    if (reader === undefined) {
      this.#openCopied(handler);
      return;
    }
    this.replaceSocket(reader);
    if (this.#paused) reader.pause();
  }

  /** Gives the sending half to another thread. Not while something waits here: what comes later would overtake it. */
  protected lendSending(socket: net.Socket): StreamSender | undefined {
    if (this.#queue.bytes > 0) return undefined;
    return this.#modules.senders?.adopt(socket, {
      onSent: (isRead) => this.#onSentElsewhere(isRead),
      onFailed: (code) => this.#close(endOfError(Object.assign(new Error(code), { code }))),
    });
  }

  /** Whether it goes away already. */
  protected get ending(): boolean {
    return this.#end !== undefined;
  }

  /** Calls `gone` when it is closed, also if it never had a handler. */
  onGone(gone: () => void): void {
    this.#gone = gone;
  }

  protected get paused(): boolean {
    return this.#paused;
  }

  /** Whether anybody wants what arrives. */
  protected get reading(): boolean {
    return this.#reading;
  }

  protected get bin(): Uint8Array {
    return this.#modules.bin;
  }

  /** The connection stands and belongs to `handler`. */
  open(handler: StreamHandler): void {
    this.#handler = handler;
    clearTimeout(this.#timer);
    if (this.#reading) handler.onOpen();
    if (this.#end !== undefined) return;
    this.startReading(handler);
    this.#sendEarly();
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (!this.#reading || this.#end !== undefined) {
      if (written !== undefined) queueMicrotask(() => written(false));
      return;
    }
    this.#queue.push(bytes.length, written);
    if (this.#early !== undefined) this.#early.push(bytes);
    else if (this.#sender !== undefined) this.#writeElsewhere(this.#sender, bytes);
    else this.#socket.write(bytes, this.#onWritten);
  }

  sendFile(send: FileSend): boolean {
    if (!this.#reading || this.#end !== undefined || this.#early !== undefined) return false;
    const blocks = fileBlocks(send);
    if (blocks === undefined) return false;
    this.#sender ??= this.lendSending(this.#socket);
    if (this.#sender?.shares(send.bytes.buffer) !== true) return false;
    this.#queue.push(send.bytes.length, (ok) => send.sent(ok ? 'sent' : this.#unread ? 'unread' : 'lost'));
    this.#sender.sendMemory(send.bytes, blocks);
    return true;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    if (this.#paused || !this.#reading) return;
    this.#paused = true;
    this.#copied?.stop();
    if (this.#early === undefined) this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused || !this.#reading) return;
    this.#paused = false;
    if (this.#early !== undefined) return;
    if (this.#copied === undefined) this.#socket.resume();
    else setImmediate(() => this.#goOnCopying());
  }

  end(): void {
    if (!this.#reading) return;
    this.resume(); // or the peer's own end would never be seen
    this.#reading = false;
    this.#copied?.stop();
    if (this.#early === undefined) this.#endSocket();
  }

  destroy(): void {
    this.#close({ kind: 'closed', code: '' });
  }

  /** For a connection that could not even be tried. */
  fail(end: StreamEnd): void {
    this.#close(end);
  }

  /** {@link ReadSink}: once when the reading starts and after every read. */
  buffer(): Uint8Array | undefined {
    if (this.#reading) return this.#handler!.readTarget();
    return this.#end === undefined ? this.#modules.bin : undefined;
  }

  /** {@link ReadSink} */
  callback(length: number): boolean {
    if (this.#reading) this.#handler!.onRead(length);
    return true;
  }

  #watch(socket: net.Socket): void {
    socket.on('error', (error) => {
      this.#end ??= endOfError(error);
    });
    socket.on('end', () => this.peerEnded());
    socket.on('close', () => {
      if (socket === this.#socket) this.#onClosed();
    });
  }

  #openCopied(handler: StreamHandler): void {
    const copied = new CopiedRead(handler, { stats: this.#modules.stats });
    this.#copied = copied;
    if (this.#paused) copied.stop();
    this.#socket.on('data', (chunk) => {
      if (!this.#reading) return;
      copied.push(chunk);
      if (this.#paused) this.#socket.pause();
    });
    if (!this.#paused) this.#socket.resume();
  }

  #goOnCopying(): void {
    if (this.#end !== undefined || this.#paused) return;
    if (!this.#reading || this.#copied!.go()) this.#socket.resume();
  }

  #sendEarly(): void {
    const early = this.#early!;
    this.#early = undefined;
    this.#socket.cork();
    for (const bytes of early) this.#socket.write(bytes, this.#onWritten);
    this.#socket.uncork();
    if (!this.#reading) this.#endSocket();
  }

  #writeElsewhere(sender: StreamSender, bytes: Uint8Array): void {
    if (sender.shares(bytes.buffer)) sender.sendMemory(bytes, undefined);
    else sender.write(bytes);
  }

  #onSentElsewhere(isRead: boolean): void {
    this.#unread = !isRead;
    this.#onWritten(isRead ? undefined : new Error('unread'));
    this.#unread = false;
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#queue.settle(!error && this.#end === undefined);
    if (this.#end !== undefined) return;
    if (!this.#reading) this.#timer?.refresh();
    else if (this.#queue.bytes === 0) this.#handler?.onDrain();
  };

  #endSocket(): void {
    this.#startTimer(this.#options.closeTimeoutMs, { kind: 'closed', code: '' });
    if (this.#sender === undefined) this.#socket.end();
    else this.#sender.end();
  }

  #startTimer(timeoutMs: number, end: StreamEnd): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#close(end), timeoutMs);
    this.#timer.unref();
  }

  #close(end: StreamEnd): void {
    this.#end ??= end;
    this.#reading = false;
    this.#copied?.stop();
    this.#socket.destroy();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reading = false;
    clearTimeout(this.#timer);
    this.#end ??= { kind: 'closed', code: '' };
    // Where another thread sends, memory is its own until it has stopped.
    if (this.#sender === undefined) this.#finish(this.#end);
    else this.#sender.close(() => this.#finish(this.#end!));
  }

  #finish(end: StreamEnd): void {
    this.#queue.fail();
    this.#gone?.();
    this.#handler?.onClose(end);
  }
}
