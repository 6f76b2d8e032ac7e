import { NOWHERE } from '../../codec/endpoint.ts';
import type {
  ByteStream,
  Clock,
  Endpoint,
  FileSend,
  StreamEnd,
  StreamHandler,
  Timer,
} from '../../runtime/port.ts';
import type { MethodName, MseCipher, MseFault, MseHandshake, MseResult } from './types.ts';

const HANDSHAKE_READ_BYTES = 1024;

/** Why there is no encrypted stream. `gone`: the other side closed; `late`: it took too long. */
export type MseFailure = MseFault | 'gone' | 'late';

export interface MseStreamOptions {
  readonly handshakeTimeoutMs: number;
}

export interface MseStreamModules {
  /** Who uses the stream once it is encrypted. */
  readonly owner: StreamHandler;
  readonly clock: Clock;
  /**
   * Makes the handshake once the connection stands; `early`: what the owner has written by then, and which the
   * handshake takes along.
   */
  readonly handshake: (early: Uint8Array) => MseHandshake;
  /** The handshake is through, and this is what follows. */
  readonly onReady: (method: MethodName) => void;
  /** It came to nothing. The stream below is closed, and the owner hears nothing more from here. */
  readonly onFailed: (failure: MseFailure) => void;
  /** The handshake has ended, one way or the other; called once if it has begun. */
  readonly onSettled: () => void;
}

interface EarlyWrite {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/**
 * A stream with message stream encryption over one without: a stream to its owner, an owner to the stream below. What
 * is written is enciphered where it lies and what is read is deciphered where the owner wants it, so nothing is
 * copied; the owner must not need again, or let anybody else read, what it has written.
 */
export class MseStream implements ByteStream, StreamHandler {
  private readonly options: MseStreamOptions;
  private readonly modules: MseStreamModules;
  private inner: ByteStream | undefined;
  private state: 'connecting' | 'shaking' | 'open' | 'over' = 'connecting';
  private handshake: MseHandshake | undefined;
  private early: EarlyWrite[] = [];
  private isPaused = false;
  private target: Uint8Array = new Uint8Array(0);
  private encrypt: MseCipher | undefined;
  private decrypt: MseCipher | undefined;
  private decryptBytes = 0;
  private timer: Timer | undefined;

  constructor(options: MseStreamOptions, modules: MseStreamModules) {
    this.options = options;
    this.modules = modules;
  }

  /** The stream below, whose owner this is; before anything happens on it. */
  attach(inner: ByteStream): void {
    this.inner = inner;
  }

  get remote(): Endpoint {
    return this.inner?.remote ?? NOWHERE;
  }

  get local(): Endpoint {
    return this.inner?.local ?? NOWHERE;
  }

  get queuedBytes(): number {
    const waiting = this.early.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return waiting + (this.inner?.queuedBytes ?? 0);
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.state !== 'open') {
      if (this.state === 'over') queueMicrotask(() => written?.(false));
      else this.early.push({ bytes, written });
      return;
    }
    this.encrypt?.crypt(bytes, bytes.length);
    this.inner!.write(bytes, written);
  }

  /** Only what is not enciphered. */
  sendFile(send: FileSend): boolean {
    if (this.state !== 'open' || this.encrypt !== undefined) return false;
    return this.inner!.sendFile?.(send) === true;
  }

  cork(): void {
    this.inner?.cork();
  }

  uncork(): void {
    this.inner?.uncork();
  }

  pause(): void {
    this.isPaused = true;
    if (this.state === 'open') this.inner!.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.state === 'open') this.inner!.resume();
  }

  end(): void {
    if (this.state === 'open') this.inner!.end();
    else this.destroy();
  }

  destroy(): void {
    this.inner?.destroy();
  }

  /** The connection stands. */
  onOpen(): void {
    this.modules.owner.onOpen();
    if (this.state === 'connecting') this.begin();
  }

  /** For a connection that was accepted and has sent something already. */
  takeOver(bytes: Uint8Array): void {
    this.begin();
    this.shake(bytes);
  }

  readTarget(): Uint8Array {
    if (this.state === 'open') this.target = this.modules.owner.readTarget();
    else if (this.target.length === 0) this.target = new Uint8Array(HANDSHAKE_READ_BYTES);
    return this.target;
  }

  onRead(length: number): void {
    if (this.state === 'shaking') {
      this.shake(this.target.subarray(0, length));
      return;
    }
    if (this.state !== 'open') return;
    if (this.decrypt !== undefined) this.decipher(this.target, length);
    this.modules.owner.onRead(length);
  }

  onDrain(): void {
    if (this.state === 'open') this.modules.owner.onDrain();
  }

  onClose(end: StreamEnd): void {
    if (this.state === 'shaking' && end.kind !== 'closed') {
      this.fail('gone');
      return;
    }
    const wasOver = this.state === 'over';
    this.finish();
    if (!wasOver) this.modules.owner.onClose(end);
  }

  private begin(): void {
    this.state = 'shaking';
    const { clock, handshake } = this.modules;
    this.timer = clock.setTimer(this.options.handshakeTimeoutMs, () => this.fail('late'));
    this.handshake = handshake(Buffer.concat(this.early.map(({ bytes }) => bytes)));
    const taken = this.early.splice(0);
    const first = this.handshake.start();
    if (first.length > 0) this.inner!.write(first);
    for (const { written } of taken) written?.(true);
  }

  private shake(bytes: Uint8Array): void {
    const step = this.handshake!.take(bytes);
    if (step.kind === 'fault') {
      this.fail(step.fault);
      return;
    }
    if (step.send.length > 0) this.inner!.write(step.send);
    if (step.kind === 'done') this.open(step.result);
  }

  private open(result: MseResult): void {
    this.state = 'open';
    this.timer?.cancel();
    this.handshake = undefined;
    this.encrypt = result.encrypt;
    this.decrypt = result.decrypt;
    this.decryptBytes = result.decryptBytes;
    this.modules.onSettled();
    this.modules.onReady(result.method);
    for (const { bytes, written } of this.early.splice(0)) this.write(bytes, written);
    if (this.isPaused) this.inner!.pause();
    this.pass(result.rest);
  }

  /** Hands out what came with the end of the handshake. The stream below asks for the next target itself. */
  private pass(rest: Uint8Array): void {
    for (let at = 0; at < rest.length && this.state === 'open'; ) {
      const target = this.modules.owner.readTarget();
      const length = Math.min(target.length, rest.length - at);
      target.set(rest.subarray(at, at + length));
      at += length;
      this.modules.owner.onRead(length);
    }
  }

  private decipher(bytes: Uint8Array, length: number): void {
    const hidden = Math.min(length, this.decryptBytes);
    this.decrypt!.crypt(bytes, hidden);
    this.decryptBytes -= hidden;
    if (this.decryptBytes > 0) return;
    this.decrypt!.close();
    this.decrypt = undefined;
  }

  private fail(failure: MseFailure): void {
    if (this.state === 'over') return;
    this.finish();
    this.inner!.destroy();
    this.modules.onFailed(failure);
  }

  private finish(): void {
    if (this.state === 'shaking') this.modules.onSettled();
    this.state = 'over';
    this.timer?.cancel();
    this.handshake?.close();
    this.encrypt?.close();
    this.decrypt?.close();
    this.encrypt = undefined;
    this.decrypt = undefined;
    for (const { written } of this.early.splice(0)) written?.(false);
  }
}
