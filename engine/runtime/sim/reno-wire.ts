import { RenoWindow } from './reno-window.ts';
import type { Segment } from './segment.ts';
import type { StreamWire, WireModules, WireOptions } from './wire.ts';

const PACKET_BYTES = 1460;
/** What a packet without payload, or the headers of one with payload, take. */
const HEADER_BYTES = 40;
/** Linux gives up after about so many repetitions (tcp_retries2). */
const TIMEOUTS_MAX = 15;

/** A packet that was sent and whose arrival the sender does not know of. */
interface Flight {
  readonly index: number;
  readonly segment: Segment;
  readonly length: number;
  order: number;
  sentMs: number;
  sends: number;
  state: 'flying' | 'lost' | 'arrived';
}

/**
 * One direction of a stream as TCP sends it, packet by packet: lines and paths with short queues lose packets, and
 * what is lost is noticed by what came after it, sent again, and taken as a sign to be slower (RFC 5681, 6298, 6675).
 * For experiments in which streams and datagrams compete for a line; {@link Wire} costs a tenth of it.
 */
export class RenoWire implements StreamWire {
  readonly #options: WireOptions;
  readonly #modules: WireModules;
  readonly #window = new RenoWindow();
  #waiting: Segment[] = [];
  #waitingBytes = 0;
  /** From the oldest that the sender does not know to have arrived. */
  #flights: Flight[] = [];
  #next = 0;
  #flying = 0;
  #flyingBytes = 0;
  #lost = 0;
  #orders = 0;
  #newestArrivedOrder = 0;
  #recoverUntil = 0;
  #timeouts = 0;
  #timerMs = Infinity;
  #timerSet = false;
  /** The receiver's side: the number it waits for, what came before its turn, and what was not read yet. */
  #expected = 0;
  readonly #early = new Map<number, Segment>();
  #unreadBytes = 0;
  #dead = false;

  constructor(options: WireOptions, modules: WireModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get room(): number {
    return Math.max(0, this.#options.sendBufferBytes - this.#waitingBytes);
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  take(bytes: Uint8Array, start: number): number {
    const total = Math.min(this.room, bytes.length - start);
    for (let done = 0; done < total; ) {
      const last = this.#openSegment(total - done);
      const length = Math.min(Math.min(PACKET_BYTES, last.buffer.length) - last.end, total - done);
      last.buffer.set(bytes.subarray(start + done, start + done + length), last.end);
      last.end += length;
      done += length;
    }
    this.#waitingBytes += total;
    return total;
  }

  mark(kind: 'end' | 'reset'): void {
    this.#waiting.push(this.#modules.pool.mark(kind));
    this.push();
  }

  push(): void {
    while (!this.#dead && this.#lost > 0 && this.#flying < this.#window.packets) {
      const flight = this.#flights.find(({ state }) => state === 'lost')!;
      this.#lost--;
      this.#send(flight);
    }
    while (!this.#dead && this.#lost === 0 && this.#waiting.length > 0) {
      if (this.#flying > 0 && this.#flying >= Math.floor(this.#window.packets)) return;
      const segment = this.#waiting[0]!;
      const length = segment.end - segment.start;
      const inPeer = this.#flyingBytes + this.#unreadBytes;
      if (length > 0 && inPeer > 0 && inPeer + length > this.#options.windowBytes) return;
      this.#waiting.shift();
      this.#waitingBytes -= length;
      const index = this.#next++;
      const flight: Flight = { index, segment, length, order: 0, sentMs: 0, sends: 0, state: 'lost' };
      this.#flights.push(flight);
      this.#send(flight);
    }
  }

  read(length: number): void {
    const { timeline, back } = this.#modules;
    timeline.at(timeline.nowMs + back.latencyMs, () => {
      this.#unreadBytes -= length;
      this.#goOn();
    });
  }

  bounce(): void {
    const { timeline, back, sender } = this.#modules;
    if (this.#dead) return;
    timeline.at(timeline.nowMs + back.latencyMs, () => sender.refused());
  }

  kill(): void {
    this.#dead = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#flights = [];
    this.#early.clear();
  }

  #openSegment(wanted: number): Segment {
    const last = this.#waiting.at(-1);
    if (last?.kind === 'data' && last.end < Math.min(PACKET_BYTES, last.buffer.length)) return last;
    const fresh = this.#modules.pool.data(wanted);
    this.#waiting.push(fresh);
    return fresh;
  }

  #send(flight: Flight): void {
    const { timeline, up, path, down, chance, isUp } = this.#modules;
    const { nowMs } = timeline;
    const size = flight.length + HEADER_BYTES;
    flight.state = 'flying';
    flight.order = ++this.#orders;
    flight.sentMs = nowMs;
    flight.sends++;
    this.#flying++;
    this.#flyingBytes += flight.length;
    this.#armTimer();
    if (!up.admits(nowMs, size)) return;
    const outMs = up.pass(nowMs, size);
    if (!path.pacer.admits(outMs, size)) return;
    const arrivalMs = path.pacer.pass(outMs, size) + path.delayMs(chance);
    if (path.loses(size, chance)) return;
    timeline.at(arrivalMs, () => {
      if (path.cut || !isUp() || !down.admits(timeline.nowMs, size)) return;
      timeline.at(down.pass(timeline.nowMs, size), () => this.#arrive(flight));
    });
  }

  /** At the receiver. */
  #arrive(flight: Flight): void {
    const { timeline, back, arrived, isUp } = this.#modules;
    if (this.#dead || !isUp()) return;
    if (flight.index >= this.#expected) this.#early.set(flight.index, flight.segment);
    for (;;) {
      const segment = this.#early.get(this.#expected);
      if (segment === undefined) break;
      this.#early.delete(this.#expected);
      this.#expected++;
      this.#unreadBytes += segment.end - segment.start;
      arrived(segment);
      if (this.#dead) return;
    }
    const expected = this.#expected;
    if (back.loses(HEADER_BYTES, this.#modules.chance)) return;
    timeline.at(timeline.nowMs + back.delayMs(this.#modules.chance), () => {
      if (!this.#dead && !back.cut) this.#acknowledged(flight, expected);
    });
  }

  /** At the sender: `flight` has arrived, and all before `expected`. */
  #acknowledged(flight: Flight, expected: number): void {
    const before = this.#flying;
    this.#onArrived(flight);
    while (this.#flights.length > 0 && this.#flights[0]!.index < expected) {
      this.#onArrived(this.#flights.shift()!);
    }
    const arrived = before - this.#flying;
    if (flight.sends === 1) this.#window.sample(this.#modules.timeline.nowMs - flight.sentMs);
    if (arrived > 0) {
      this.#timeouts = 0;
      if (this.#flights.length === 0 || this.#flights[0]!.index >= this.#recoverUntil)
        this.#window.onArrived(arrived);
      this.#timerMs = this.#modules.timeline.nowMs + this.#window.timeoutMs;
    }
    this.#findLost();
    this.#goOn();
  }

  #onArrived(flight: Flight): void {
    if (flight.state === 'arrived') return;
    if (flight.state === 'flying') this.#notFlying(flight);
    else this.#lost--;
    flight.state = 'arrived';
    this.#newestArrivedOrder = Math.max(this.#newestArrivedOrder, flight.order);
  }

  #notFlying(flight: Flight): void {
    this.#flying--;
    this.#flyingBytes -= flight.length;
  }

  /** RFC 6675: three packets that were sent later have arrived. */
  #findLost(): void {
    for (const flight of this.#flights) {
      if (flight.order + 3 > this.#newestArrivedOrder || flight.state !== 'flying') continue;
      this.#notFlying(flight);
      this.#lost++;
      flight.state = 'lost';
      if (flight.index < this.#recoverUntil) continue;
      this.#recoverUntil = this.#next; // RFC 5681: once in a round
      this.#window.onLoss();
    }
  }

  #goOn(): void {
    if (this.#dead) return;
    this.push();
    this.#modules.sender.drained();
  }

  #armTimer(): void {
    const { timeline } = this.#modules;
    if (this.#timerMs === Infinity) this.#timerMs = timeline.nowMs + this.#window.timeoutMs;
    if (this.#timerSet) return;
    this.#timerSet = true;
    timeline.at(this.#timerMs, () => {
      this.#timerSet = false;
      if (this.#dead) return;
      if (this.#flights.length === 0) this.#timerMs = Infinity;
      else if (timeline.nowMs >= this.#timerMs) this.#onTimeout();
      else this.#armTimer();
    });
  }

  #onTimeout(): void {
    for (const flight of this.#flights) {
      if (flight.state !== 'flying') continue;
      this.#notFlying(flight);
      this.#lost++;
      flight.state = 'lost';
    }
    this.#timerMs = Infinity;
    this.#recoverUntil = 0;
    if (++this.#timeouts > TIMEOUTS_MAX) {
      this.kill();
      this.#modules.sender.gaveUp();
      return;
    }
    this.#window.onTimeout();
    this.#armTimer();
    this.push();
  }
}
