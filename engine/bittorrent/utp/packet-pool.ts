export interface PacketPoolOptions {
  /** What may be under way in all connections together. */
  readonly bytesMax: number;
  /** Bytes of unused packets that are kept. */
  readonly spareBytesMax: number;
}

/** Memory of packets that are under way, used again and again; one size of packet has one list of spares. */
export class PacketPool {
  private readonly options: PacketPoolOptions;
  private readonly spares = new Map<number, Uint8Array[]>();
  private spareBytes = 0;
  private takenBytes = 0;

  constructor(options: PacketPoolOptions) {
    this.options = options;
  }

  /** Nobody should take more; a connection that has nothing under way may all the same, or it would wait for ever. */
  get isFull(): boolean {
    return this.takenBytes >= this.options.bytesMax;
  }

  get usedBytes(): number {
    return this.takenBytes;
  }

  take(byteLength: number): Uint8Array {
    this.takenBytes += byteLength;
    const spare = this.spares.get(byteLength)?.pop();
    if (spare === undefined) return new Uint8Array(byteLength);
    this.spareBytes -= byteLength;
    return spare;
  }

  /** `keep` is false when the system may still hold on to it. */
  give(packet: Uint8Array, keep: boolean): void {
    this.takenBytes -= packet.length;
    if (!keep || this.spareBytes + packet.length > this.options.spareBytesMax) return;
    this.spareBytes += packet.length;
    const list = this.spares.get(packet.length);
    if (list === undefined) this.spares.set(packet.length, [packet]);
    else list.push(packet);
  }
}
