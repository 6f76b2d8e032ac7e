import type { ByteStream, Endpoint, StreamEnd, StreamHandler, TlsStream } from '../../runtime/port.ts';
import type { TrafficGate } from './traffic-gate.ts';

interface WaitingWrite {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/** A stream whose bytes are counted and, where there is a limit, held back: it is its own stream's owner. */
export class MeteredStream implements ByteStream, StreamHandler {
  readonly #gate: TrafficGate;
  #inner: ByteStream | undefined;
  #owner: StreamHandler | undefined;
  readonly #waiting: WaitingWrite[] = [];
  #waitingBytes = 0;
  #isPausedByOwner = false;
  #isPausedByGate = false;
  #isEnding = false;

  constructor(gate: TrafficGate) {
    this.#gate = gate;
  }

  /** Before anything can happen on the stream. */
  attach(inner: ByteStream, owner: StreamHandler | undefined): void {
    this.#inner = inner;
    this.#owner = owner;
  }

  setOwner(owner: StreamHandler): void {
    this.#owner = owner;
  }

  protected get inner(): ByteStream {
    return this.#inner!;
  }

  get remote(): Endpoint {
    return this.inner.remote;
  }

  get local(): Endpoint {
    return this.inner.local;
  }

  get queuedBytes(): number {
    return this.inner.queuedBytes + this.#waitingBytes;
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.#waiting.length === 0 && this.#gate.maySend(bytes.length)) {
      this.inner.write(bytes, written);
      return;
    }
    this.#waiting.push({ bytes, written });
    this.#waitingBytes += bytes.length;
    this.#gate.waitToSend(this);
  }

  cork(): void {
    this.inner.cork();
  }

  uncork(): void {
    this.inner.uncork();
  }

  pause(): void {
    this.#isPausedByOwner = true;
    this.inner.pause();
  }

  resume(): void {
    this.#isPausedByOwner = false;
    if (!this.#isPausedByGate) this.inner.resume();
  }

  end(): void {
    if (this.#waiting.length > 0) this.#isEnding = true;
    else this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }

  /** For the gate: one write may go. False: there is none left. */
  sendOne(): boolean {
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    this.#waitingBytes -= next.bytes.length;
    this.#gate.countSent(next.bytes.length);
    this.inner.write(next.bytes, next.written);
    if (this.#waiting.length === 0 && this.#isEnding) this.inner.end();
    return this.#waiting.length > 0;
  }

  /** For the gate: it may read again. */
  goOn(): void {
    this.#isPausedByGate = false;
    if (!this.#isPausedByOwner) this.inner.resume();
  }

  onOpen(): void {
    this.#owner!.onOpen();
  }

  readTarget(): Uint8Array {
    return this.#owner!.readTarget();
  }

  onRead(length: number): void {
    if (!this.#gate.countReceived(length) && !this.#isPausedByGate) {
      this.#isPausedByGate = true;
      this.inner.pause();
      this.#gate.waitToReceive(this);
    }
    this.#owner!.onRead(length);
  }

  onDrain(): void {
    if (this.#waiting.length === 0) this.#owner!.onDrain();
  }

  onClose(end: StreamEnd): void {
    this.#gate.forget(this);
    this.#waitingBytes = 0;
    for (const { written } of this.#waiting.splice(0)) written?.(false);
    this.#owner!.onClose(end);
  }
}

/** The same with TLS. */
export class MeteredTlsStream extends MeteredStream implements TlsStream {
  get ownCertificate(): Uint8Array {
    return this.#tls.ownCertificate;
  }

  get peerCertificate(): Uint8Array {
    return this.#tls.peerCertificate;
  }

  exportKeyingMaterial(byteLength: number, label: string, context: Uint8Array): Uint8Array {
    return this.#tls.exportKeyingMaterial(byteLength, label, context);
  }

  get #tls(): TlsStream {
    return this.inner as TlsStream;
  }
}
