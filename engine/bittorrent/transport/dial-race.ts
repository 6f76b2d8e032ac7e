import type {
  ByteStream,
  Clock,
  ConnectOptions,
  Endpoint,
  StreamEnd,
  StreamHandler,
  Timer,
} from '../../runtime/port.ts';
import type { Transport, TransportName } from './transport.ts';

export interface DialRaceOptions extends ConnectOptions {
  /** So long one transport has before the next one is tried beside it; at once when it fails. */
  readonly headStartMs: number;
}

export interface DialRaceModules {
  /** In the order they are tried; at least one. */
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  /** The stream stands, and this carries it. */
  readonly onWon?: (name: TransportName) => void;
}

interface EarlyWrite {
  readonly bytes: Uint8Array;
  readonly written: ((ok: boolean) => void) | undefined;
}

/**
 * One outgoing stream over whichever transport comes about first. They start one after the other; the first that
 * opens carries the stream, and the others are dropped. The owner sees one stream that opens, or closes.
 */
export class DialRace implements ByteStream {
  private readonly to: Endpoint;
  private readonly handler: StreamHandler;
  private readonly options: DialRaceOptions;
  private readonly modules: DialRaceModules;
  private readonly attempts = new Set<Attempt>();
  private next = 0;
  private timer: Timer | undefined;
  private winner: ByteStream | undefined;
  private early: EarlyWrite[] = [];
  private paused = false;
  private corks = 0;
  private ending = false;
  private gone = false;

  constructor(to: Endpoint, handler: StreamHandler, options: DialRaceOptions, modules: DialRaceModules) {
    this.to = to;
    this.handler = handler;
    this.options = options;
    this.modules = modules;
    this.tryNext();
  }

  get remote(): Endpoint {
    return this.winner?.remote ?? this.to;
  }

  get local(): Endpoint {
    return this.winner?.local ?? { host: '', port: 0 };
  }

  get queuedBytes(): number {
    return this.winner?.queuedBytes ?? this.early.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    if (this.winner !== undefined) this.winner.write(bytes, written);
    else if (!this.gone && !this.ending) this.early.push({ bytes, written });
    else if (written !== undefined) queueMicrotask(() => written(false));
  }

  cork(): void {
    this.corks++;
    this.winner?.cork();
  }

  uncork(): void {
    this.corks = Math.max(0, this.corks - 1);
    this.winner?.uncork();
  }

  pause(): void {
    this.paused = true;
    this.winner?.pause();
  }

  resume(): void {
    this.paused = false;
    this.winner?.resume();
  }

  end(): void {
    this.ending = true;
    this.winner?.end();
  }

  destroy(): void {
    if (this.winner !== undefined) this.winner.destroy();
    else this.close({ kind: 'closed', code: '' });
  }

  /** From an {@link Attempt}: it stands. Returns false when another one was faster. */
  opened(attempt: Attempt): boolean {
    if (this.gone || this.winner !== undefined) return false;
    this.winner = attempt.stream;
    this.modules.onWon?.(attempt.name);
    this.timer?.cancel();
    this.attempts.delete(attempt);
    this.dropAttempts();
    for (let i = 0; i < this.corks; i++) this.winner.cork();
    if (this.paused) this.winner.pause();
    for (const { bytes, written } of this.early.splice(0)) this.winner.write(bytes, written);
    if (this.ending) this.winner.end();
    return true;
  }

  /** From an {@link Attempt}: it came to nothing. */
  failed(attempt: Attempt, end: StreamEnd): void {
    this.attempts.delete(attempt);
    if (this.gone || this.winner !== undefined) return;
    if (this.next < this.modules.transports.length) this.tryNext();
    else if (this.attempts.size === 0) this.close(end);
  }

  private tryNext(): void {
    this.timer?.cancel();
    const { transports, clock } = this.modules;
    const transport = transports[this.next++]!;
    const attempt = new Attempt(this, this.handler, transport.name);
    this.attempts.add(attempt);
    attempt.stream = transport.connect(this.to, attempt, this.options);
    if (this.next === transports.length) return;
    this.timer = clock.setTimer(this.options.headStartMs, () => this.tryNext());
  }

  private dropAttempts(): void {
    for (const attempt of [...this.attempts]) attempt.stream.destroy();
    this.attempts.clear();
  }

  private close(end: StreamEnd): void {
    if (this.gone) return;
    this.gone = true;
    this.timer?.cancel();
    this.dropAttempts();
    this.modules.clock.setTimer(0, () => {
      for (const { written } of this.early.splice(0)) written?.(false);
      this.handler.onClose(end);
    });
  }
}

/** One transport's try; the winner's passes everything on to the owner. */
class Attempt implements StreamHandler {
  stream!: ByteStream;
  readonly name: TransportName;
  private readonly race: DialRace;
  private readonly handler: StreamHandler;
  private won = false;

  constructor(race: DialRace, handler: StreamHandler, name: TransportName) {
    this.race = race;
    this.handler = handler;
    this.name = name;
  }

  onOpen(): void {
    this.won = this.race.opened(this);
    if (this.won) this.handler.onOpen();
  }

  readTarget(): Uint8Array {
    return this.handler.readTarget();
  }

  onRead(length: number): void {
    this.handler.onRead(length);
  }

  onDrain(): void {
    this.handler.onDrain();
  }

  onClose(end: StreamEnd): void {
    if (this.won) this.handler.onClose(end);
    else this.race.failed(this, end);
  }
}
