import { sequenceAdd, sequenceDistance } from './sequence.ts';

/** What is known of a packet under way. */
export const SENT = { none: 0, flying: 1, sacked: 2, lost: 3 } as const;

const CAPACITY_START = 32;

/**
 * The packets from the oldest without an acknowledgement to the newest, by sequence number. Arrays of numbers, so
 * that a packet costs no object.
 */
export class SendRing {
  /** Of the oldest one, or of the next one to be sent when there is none. */
  first: number;
  count = 0;
  private packets: (Uint8Array | undefined)[] = new Array(CAPACITY_START);
  private lengths = new Uint16Array(CAPACITY_START);
  private states = new Uint8Array(CAPACITY_START);
  private sends = new Uint8Array(CAPACITY_START);
  private orders = new Float64Array(CAPACITY_START);
  private times = new Float64Array(CAPACITY_START);
  private mask = CAPACITY_START - 1;

  constructor(first: number) {
    this.first = first;
  }

  /** The number of the next packet. */
  get next(): number {
    return sequenceAdd(this.first, this.count);
  }

  /** How many packets before `seq` are in the ring; larger than {@link count} when it is not in it. */
  indexOf(seq: number): number {
    return sequenceDistance(this.first, seq);
  }

  /** Appends a packet of `payloadBytes` behind its header; its number is {@link next} before the call. */
  push(packet: Uint8Array, payloadBytes: number): void {
    if (this.count > this.mask) this.grow();
    const at = this.next & this.mask;
    this.packets[at] = packet;
    this.lengths[at] = payloadBytes;
    this.states[at] = SENT.flying;
    this.sends[at] = 0;
    this.count++;
  }

  /** Takes the oldest one out; its memory. */
  shift(): Uint8Array {
    const at = this.first & this.mask;
    const packet = this.packets[at]!;
    this.packets[at] = undefined;
    this.states[at] = SENT.none;
    this.first = sequenceAdd(this.first, 1);
    this.count--;
    return packet;
  }

  packet(seq: number): Uint8Array {
    return this.packets[seq & this.mask]!;
  }

  payloadBytes(seq: number): number {
    return this.lengths[seq & this.mask]!;
  }

  state(seq: number): number {
    return this.states[seq & this.mask]!;
  }

  setState(seq: number, state: number): void {
    this.states[seq & this.mask] = state;
  }

  /** How often it was sent, as far as 255. */
  sendCount(seq: number): number {
    return this.sends[seq & this.mask]!;
  }

  /** Which of all sendings its last one was. */
  order(seq: number): number {
    return this.orders[seq & this.mask]!;
  }

  sentAtMs(seq: number): number {
    return this.times[seq & this.mask]!;
  }

  onSent(seq: number, order: number, nowMs: number): void {
    const at = seq & this.mask;
    if (this.sends[at]! < 255) this.sends[at]!++;
    this.orders[at] = order;
    this.times[at] = nowMs;
  }

  private grow(): void {
    const { packets, lengths, states, sends, orders, times, mask } = this;
    const capacity = 2 * (mask + 1);
    this.packets = new Array(capacity);
    this.lengths = new Uint16Array(capacity);
    this.states = new Uint8Array(capacity);
    this.sends = new Uint8Array(capacity);
    this.orders = new Float64Array(capacity);
    this.times = new Float64Array(capacity);
    this.mask = capacity - 1;
    for (let i = 0; i < this.count; i++) {
      const seq = sequenceAdd(this.first, i);
      const from = seq & mask;
      const to = seq & this.mask;
      this.packets[to] = packets[from];
      this.lengths[to] = lengths[from]!;
      this.states[to] = states[from]!;
      this.sends[to] = sends[from]!;
      this.orders[to] = orders[from]!;
      this.times[to] = times[from]!;
    }
  }
}
