import type { Endpoint, StreamEnd, StreamHandler, TlsStream } from '../port.ts';
import type { Entry } from './agenda.ts';
import type { Machine } from './machine.ts';
import type { Segment } from './segment.ts';
import { type SimTlsSession, simExport } from './tls-session.ts';
import type { StreamWire, WireSender } from './wire.ts';

export interface SimStreamOptions {
  readonly id: number;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** As in the real world: how long `end` goes on without progress. */
  readonly closeTimeoutMs: number;
}

interface Write {
  readonly bytes: Uint8Array;
  taken: number;
  readonly written: ((ok: boolean) => void) | undefined;
}

const NO_CERTIFICATE = new Uint8Array(0);

/** One end of a virtual connection, over TLS when it has a session. It behaves as the real one does; test/runtime/conformance.ts holds both to it. */
export class SimStream implements TlsStream, WireSender {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #options: SimStreamOptions;
  readonly #machine: Machine;
  #handler: StreamHandler | undefined;
  /** Undefined until connected. */
  #out: StreamWire | undefined;
  #in: StreamWire | undefined;
  #writes: Write[] = [];
  #answers: (((ok: boolean) => void) | undefined)[] = [];
  #queuedBytes = 0;
  #corks = 0;
  #flushing = false;
  #received: Segment[] = [];
  #peerEnded = false;
  #target: Uint8Array | undefined;
  #delivering = false;
  #paused = false;
  #reading = true;
  #endSent = false;
  #gone = false;
  #timer: Entry | undefined;
  #tls: SimTlsSession | undefined;

  constructor(options: SimStreamOptions, modules: { readonly machine: Machine }) {
    this.#options = options;
    this.remote = options.remote;
    this.local = options.local;
    this.#machine = modules.machine;
    this.#machine.streams.add(this);
  }

  get id(): number {
    return this.#options.id;
  }

  get gone(): boolean {
    return this.#gone;
  }

  get ownCertificate(): Uint8Array {
    return this.#tls?.ownCertificate ?? NO_CERTIFICATE;
  }

  get peerCertificate(): Uint8Array {
    return this.#tls?.peerCertificate ?? NO_CERTIFICATE;
  }

  exportKeyingMaterial(byteLength: number, label: string, context: Uint8Array): Uint8Array {
    return simExport(this.#tls!, byteLength, label, context);
  }

  /** The TLS handshake is done. */
  secured(session: SimTlsSession): void {
    this.#tls = session;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** A connection is being made for `handler`. */
  await(handler: StreamHandler, timeoutMs: number): void {
    this.#handler = handler;
    this.#setTimer(timeoutMs, { kind: 'timeout', code: 'ETIMEDOUT' });
  }

  /** The way out and the way in. */
  join(out: StreamWire, incoming: StreamWire): void {
    this.#out = out;
    this.#in = incoming;
  }

  /** The connection that was made for somebody stands. */
  connected(): void {
    this.open(this.#handler!);
  }

  /** The connection stands and belongs to `handler`. */
  open(handler: StreamHandler): void {
    this.#handler = handler;
    this.#clearTimer();
    this.#machine.trace('open', this.id, 0);
    if (this.#reading) handler.onOpen();
    if (this.#gone) return;
    if (this.#reading) this.#target = handler.readTarget();
    else this.#limitEnding();
    this.#scheduleFlush();
    this.#deliver();
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (!this.#reading) {
      if (written !== undefined) queueMicrotask(() => written(false));
      return;
    }
    this.#queuedBytes += bytes.length;
    this.#writes.push({ bytes, taken: 0, written });
    this.#scheduleFlush();
  }

  cork(): void {
    this.#corks++;
  }

  uncork(): void {
    this.#corks = Math.max(0, this.#corks - 1);
    this.#scheduleFlush();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#machine.soon(() => this.#deliver());
  }

  end(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#corks = 0;
    this.#discard();
    this.#scheduleFlush();
    if (this.#out !== undefined) this.#limitEnding();
  }

  destroy(): void {
    if (this.#gone) return;
    // What lies here unread is lost, and the peer must know: a system answers that with a reset.
    const unread = this.#received.some((segment) => segment.kind === 'data');
    this.#close({ kind: 'closed', code: '' });
    if (!this.#endSent) this.#out?.mark(unread ? 'reset' : 'end');
  }

  /** The network's verdict. Nothing more is sent. */
  fail(end: StreamEnd): void {
    if (this.#gone) return;
    this.#out?.kill();
    this.#close(end);
  }

  /** A device on the way forgets the connection: both ends are told. */
  breakDown(): void {
    this.#in?.bounce();
    this.refused();
  }

  /** The machine stopped: nobody is told anything. */
  vanish(): void {
    this.#gone = true;
    this.#reading = false;
    this.#clearTimer();
    this.#out?.kill();
    this.#discard();
  }

  /** From the {@link StreamWire} inwards. */
  arrived(segment: Segment): void {
    this.#machine.trace(segment.kind, this.id, segment.end - segment.start);
    if (segment.kind === 'reset') this.refused();
    else if (this.#gone) this.#refuse(segment);
    else this.#receive(segment);
  }

  /** {@link WireSender} */
  drained(): void {
    if (!this.#reading && !this.#gone) this.#limitEnding();
    if (this.#writes.length > 0) this.#flush();
  }

  /** {@link WireSender} */
  gaveUp(): void {
    this.fail({ kind: 'timeout', code: 'ETIMEDOUT' });
  }

  /** {@link WireSender} */
  refused(): void {
    this.fail({ kind: 'reset', code: 'ECONNRESET' });
  }

  #scheduleFlush(): void {
    if (this.#flushing || this.#out === undefined) return;
    this.#flushing = true;
    this.#machine.soon(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #receive(segment: Segment): void {
    if (segment.kind === 'end') this.#peerEnded = true;
    this.#received.push(segment);
    if (this.#reading) this.#deliver();
    else this.#discard();
  }

  /** Hands writes to the system, as many as it takes, and answers those that are taken. */
  #flush(): void {
    const out = this.#out;
    if (this.#gone || out === undefined || this.#handler === undefined) return;
    let finished = 0;
    while (this.#corks === 0 && finished < this.#writes.length) {
      const write = this.#writes[finished]!;
      const count = out.take(write.bytes, write.taken);
      write.taken += count;
      this.#queuedBytes -= count;
      if (write.taken < write.bytes.length) {
        out.push();
        if (out.room === 0) break;
        continue;
      }
      this.#answers.push(write.written);
      finished++;
    }
    this.#writes.splice(0, finished);
    out.push();
    this.#answer(true);
    if (this.#gone) return;
    if (!this.#reading) this.#finish();
    else if (finished > 0 && this.#queuedBytes === 0) this.#handler.onDrain();
  }

  #answer(ok: boolean): void {
    const answers = this.#answers;
    this.#answers = [];
    for (const written of answers) written?.(ok);
  }

  /** After `end`: all is handed over. */
  #finish(): void {
    if (this.#writes.length > 0) return;
    if (!this.#endSent) {
      this.#endSent = true;
      this.#out!.mark('end');
    }
    if (this.#peerEnded) this.#close({ kind: 'closed', code: '' });
  }

  #deliver(): void {
    if (this.#delivering || this.#target === undefined) return;
    this.#delivering = true;
    while (!this.#paused && this.#reading && this.#received.length > 0) {
      const length = this.#fill(this.#target);
      if (length === 0) {
        // Half a connection is of no use to any protocol here.
        this.#close({ kind: 'ended', code: '' });
        this.#out?.mark('end');
        break;
      }
      this.#in?.read(length);
      this.#handler!.onRead(length);
      // As Node does: the next target is asked for at once, even if this was the last read for a while.
      if (this.#reading) this.#target = this.#handler!.readTarget();
    }
    this.#delivering = false;
  }

  /** Copies what is there into `target`; 0 means the stream's end. */
  #fill(target: Uint8Array): number {
    let filled = 0;
    let used = 0;
    while (filled < target.length && used < this.#received.length) {
      const segment = this.#received[used]!;
      if (segment.kind !== 'data') break;
      const length = Math.min(target.length - filled, segment.end - segment.start);
      target.set(segment.buffer.subarray(segment.start, segment.start + length), filled);
      filled += length;
      segment.start += length;
      if (segment.start < segment.end) break;
      this.#machine.release(segment);
      used++;
    }
    if (used > 0) this.#received.splice(0, used);
    return filled;
  }

  /** Throws away what arrived. */
  #discard(): void {
    for (const segment of this.#received) {
      this.#in?.read(segment.end - segment.start);
      this.#machine.release(segment);
    }
    this.#received = [];
    if (!this.#gone && this.#peerEnded && this.#endSent) this.#close({ kind: 'closed', code: '' });
  }

  /** Data for a stream that is no more: the system answers with a reset. */
  #refuse(segment: Segment): void {
    this.#machine.release(segment);
    if (segment.kind === 'data') this.#in?.bounce();
  }

  #close(end: StreamEnd): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#reading = false;
    this.#clearTimer();
    this.#machine.trace('close', this.id, this.#queuedBytes);
    this.#discard();
    this.#machine.soon(() => {
      for (const write of this.#writes) this.#answers.push(write.written);
      this.#writes = [];
      this.#queuedBytes = 0;
      this.#answer(false);
      this.#machine.streams.delete(this);
      this.#handler?.onClose(end);
    });
  }

  /** The stream is ending, and just got on with it. */
  #limitEnding(): void {
    this.#setTimer(this.#options.closeTimeoutMs, { kind: 'closed', code: '' });
  }

  #setTimer(delayMs: number, end: StreamEnd): void {
    this.#clearTimer();
    this.#timer = this.#machine.after(delayMs, () => {
      this.#out?.kill();
      this.#close(end);
    });
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#machine.cancel(this.#timer);
    this.#timer = undefined;
  }
}
