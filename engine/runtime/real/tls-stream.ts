import type net from 'node:net';
import type tls from 'node:tls';
import type { Endpoint, StreamHandler, TlsStream } from '../port.ts';
import { RealStream, type RealStreamModules, type RealStreamOptions } from './stream.ts';
import { TlsBacklog } from './tls-backlog.ts';
import { startCopiedTls, startDirectTls, type TlsStart } from './tls-socket.ts';

export interface RealTlsOptions extends RealStreamOptions, TlsStart {
  /** DER; empty for a caller. */
  readonly ownCertificate: Uint8Array;
}

const NONE = new Uint8Array(0);

/** A {@link RealStream} with TLS between it and the connection. */
export class RealTlsStream extends RealStream implements TlsStream {
  readonly ownCertificate: Uint8Array;
  peerCertificate: Uint8Array = NONE;
  readonly #options: RealTlsOptions;
  readonly #stats: RealStreamModules['stats'];
  readonly #backlog = new TlsBacklog();
  #tls: tls.TLSSocket | undefined;
  /** Whose memory is read into, once there is one. */
  #owner: StreamHandler | undefined;
  /** The next bytes land in the owner's target, not in the bin. */
  #direct = false;
  #delivering = false;
  #peerEnded = false;

  constructor(socket: net.Socket, remote: Endpoint, options: RealTlsOptions, modules: RealStreamModules) {
    super(socket, remote, options, modules);
    this.#options = options;
    this.#stats = modules.stats;
    this.ownCertificate = options.ownCertificate;
  }

  exportKeyingMaterial(byteLength: number, label: string, context: Uint8Array): Uint8Array {
    return this.#tls!.exportKeyingMaterial(byteLength, label, Buffer.from(context));
  }

  /** Does the TLS handshake, then calls `ready`. */
  override prepare(socket: net.Socket, ready: () => void): void {
    const direct = this.#options.directReads ? startDirectTls(socket, this, this.#options) : undefined;
    const secured = direct ?? startCopiedTls(socket, this.#options);
    this.#tls = secured;
    if (direct === undefined) this.#readEvents(secured);
    this.replaceSocket(secured);
    secured.once('secure', () => {
      if (this.ending) return;
      this.peerCertificate = secured.getPeerX509Certificate()?.raw ?? NONE;
      ready();
    });
  }

  /** Only this thread knows the keys. */
  protected override lendSending(): undefined {
    return undefined;
  }

  protected override startReading(handler: StreamHandler): void {
    this.#owner = handler;
    if (this.paused) this.#tls!.pause();
    else if (!this.#backlog.empty || this.#peerEnded) setImmediate(() => this.#deliver());
  }

  override resume(): void {
    if (!this.paused) return;
    super.resume();
    if (!this.#backlog.empty || this.#peerEnded) setImmediate(() => this.#deliver());
  }

  override buffer(): Uint8Array {
    this.#direct = this.reading && !this.paused && this.#owner !== undefined && this.#backlog.empty;
    return this.#direct ? this.#owner!.readTarget() : this.bin;
  }

  override callback(length: number): boolean {
    if (!this.reading) return true;
    if (this.#direct) this.#owner!.onRead(length);
    else this.#take(this.bin.subarray(0, length));
    return true;
  }

  protected override peerEnded(): void {
    this.#peerEnded = true;
    if ((this.#backlog.empty && !this.paused) || !this.reading) super.peerEnded();
  }

  #readEvents(socket: tls.TLSSocket): void {
    socket.on('data', (chunk: Uint8Array) => {
      if (this.reading) this.#take(chunk);
    });
  }

  #take(bytes: Uint8Array): void {
    this.#backlog.keep(bytes);
    this.#stats.bytesCopied += bytes.length;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#owner === undefined || this.#delivering) return;
    this.#delivering = true;
    while (!this.#backlog.empty && !this.paused && this.reading) {
      this.#owner.onRead(this.#backlog.moveTo(this.#owner.readTarget()));
    }
    this.#delivering = false;
    if (!this.reading) this.#backlog.clear();
    else if (this.#peerEnded && this.#backlog.empty && !this.paused) super.peerEnded();
  }
}
