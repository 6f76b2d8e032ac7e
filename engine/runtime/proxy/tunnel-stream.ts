import { NOWHERE } from '../../codec/endpoint.ts';
import type { ByteStream, Clock, Endpoint, StreamEnd, StreamHandler, Timer } from '../port.ts';
import { PROXY_ANSWER_BYTES_MAX, type ProxyRefusal, type ProxyTalk } from './types.ts';

const READ_BYTES = 1024;

export interface TunnelOptions {
  /** What the owner dialled: its stream's `remote`. */
  readonly to: Endpoint;
  /** For the whole way until it opens. */
  readonly timeoutMs: number;
}

export interface TunnelModules {
  readonly clock: Clock;
  readonly owner: StreamHandler;
  /** Said and heard before it opens; without it, it opens as the stream below does. */
  readonly talk?: ProxyTalk;
  /** The other side refuses: what it says. The owner hears of the end in any case. */
  readonly onRefused?: (refusal: ProxyRefusal) => void;
  /** It opens: what the proxy calls its own end. */
  readonly onBound?: (bound: Endpoint | undefined) => void;
  readonly onGone?: () => void;
}

interface EarlyWrite {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/**
 * A stream through another one, whose first bytes belong to a proxy. Once it is open it only passes calls on: bytes
 * are read to where the owner wants them and written from where they are.
 */
export class TunnelStream implements ByteStream, StreamHandler {
  private readonly options: TunnelOptions;
  private readonly modules: TunnelModules;
  private inner: ByteStream | undefined;
  private state: 'connecting' | 'talking' | 'open' | 'over' = 'connecting';
  private early: EarlyWrite[] = [];
  private isPaused = false;
  private isEnding = false;
  private target: Uint8Array = new Uint8Array(0);
  private heard: Uint8Array = new Uint8Array(0);
  private lastWord: StreamEnd | undefined;
  private isFinished = false;
  private readonly timer: Timer;

  constructor(options: TunnelOptions, modules: TunnelModules) {
    this.options = options;
    this.modules = modules;
    this.timer = modules.clock.setTimer(options.timeoutMs, () =>
      this.close({ kind: 'timeout', code: 'ETIMEDOUT' }),
    );
  }

  /** The stream below, whose owner this is. */
  attach(inner: ByteStream): void {
    this.inner = inner;
    if (this.state === 'over') inner.destroy();
  }

  get remote(): Endpoint {
    return this.options.to;
  }

  get local(): Endpoint {
    return this.inner?.local ?? NOWHERE;
  }

  get queuedBytes(): number {
    if (this.state === 'open') return this.inner!.queuedBytes;
    return this.early.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.state === 'open') this.inner!.write(bytes, written);
    else if (this.state === 'over' || this.isEnding) queueMicrotask(() => written?.(false));
    else this.early.push({ bytes, written });
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
    this.isEnding = true;
    if (this.state === 'open') this.inner!.end();
  }

  destroy(): void {
    this.close({ kind: 'closed', code: '' });
  }

  /** It cannot even be tried, or not go on. */
  fail(code: string): void {
    this.close({ kind: 'failed', code });
  }

  onOpen(): void {
    if (this.state !== 'connecting') return;
    const { talk } = this.modules;
    if (talk === undefined) {
      this.open(undefined, new Uint8Array(0));
      return;
    }
    this.state = 'talking';
    this.inner!.write(talk.start());
  }

  readTarget(): Uint8Array {
    if (this.state === 'open') return this.modules.owner.readTarget();
    if (this.target.length === 0) this.target = new Uint8Array(READ_BYTES);
    return this.target;
  }

  onRead(length: number): void {
    if (this.state === 'open') this.modules.owner.onRead(length);
    else if (this.state === 'talking') this.listen(this.target.subarray(0, length));
  }

  onDrain(): void {
    if (this.state === 'open') this.modules.owner.onDrain();
  }

  onClose(end: StreamEnd): void {
    // Where the proxy should have spoken, its silence is a failure.
    this.mark(this.state === 'talking' && end.kind === 'ended' ? { kind: 'failed', code: 'EPROXY' } : end);
    this.finish();
  }

  private listen(bytes: Uint8Array): void {
    const heard = Buffer.concat([this.heard, bytes]);
    if (heard.length > PROXY_ANSWER_BYTES_MAX) {
      this.fail('EPROXYPROTOCOL');
      return;
    }
    const step = this.modules.talk!.take(heard);
    if (step.kind === 'refused') {
      this.modules.onRefused?.(step.refusal);
      this.fail(step.refusal.code);
    } else if (step.kind === 'more') {
      // An answer was taken when there is something to say to it.
      this.heard = step.send.length > 0 ? new Uint8Array(0) : heard;
      if (step.send.length > 0) this.inner!.write(step.send);
    } else this.open(step.bound, heard.subarray(step.used));
  }

  private open(bound: Endpoint | undefined, rest: Uint8Array): void {
    this.state = 'open';
    this.timer.cancel();
    const { owner, onBound } = this.modules;
    onBound?.(bound);
    // Before what the owner writes now.
    for (const { bytes, written } of this.early.splice(0)) this.inner!.write(bytes, written);
    owner.onOpen();
    if (!this.isOpen()) return;
    if (this.isPaused) this.inner!.pause();
    // The stream below asks for the target behind these bytes itself.
    for (let at = 0; at < rest.length && this.isOpen(); ) {
      const target = owner.readTarget();
      const length = Math.min(target.length, rest.length - at);
      target.set(rest.subarray(at, at + length));
      at += length;
      owner.onRead(length);
    }
    if (this.isEnding) this.inner!.end();
  }

  /** Asked after the owner has had its say. */
  private isOpen(): boolean {
    return this.state === 'open';
  }

  private close(end: StreamEnd): void {
    if (this.state === 'over') return;
    this.mark(end);
    // The stream below answers its own writes first.
    if (this.inner === undefined) queueMicrotask(() => this.finish());
    else this.inner.destroy();
  }

  private mark(end: StreamEnd): void {
    this.state = 'over';
    this.lastWord ??= end;
    this.timer.cancel();
  }

  private finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    for (const { written } of this.early.splice(0)) written?.(false);
    this.modules.onGone?.();
    this.modules.owner.onClose(this.lastWord!);
  }
}
