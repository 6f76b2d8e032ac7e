import { METADATA_PART_BYTES, metadataParts } from './message.ts';

/** An info dictionary of one claimed length that is being put together. Holds only what has come. */
export class MetadataAssembly {
  readonly byteLength: number;
  readonly partCount: number;
  /** Peers whose parts are in it. */
  readonly senders = new Set<number>();
  private readonly parts = new Map<number, Uint8Array>();

  constructor(byteLength: number) {
    this.byteLength = byteLength;
    this.partCount = metadataParts(byteLength);
  }

  /** Bytes held. */
  get heldBytes(): number {
    return this.parts.size * METADATA_PART_BYTES;
  }

  get isComplete(): boolean {
    return this.parts.size === this.partCount;
  }

  has(part: number): boolean {
    return this.parts.has(part);
  }

  /** Bytes of a part; undefined when there is no such part. */
  lengthOf(part: number): number | undefined {
    if (part < 0 || part >= this.partCount) return undefined;
    return Math.min(METADATA_PART_BYTES, this.byteLength - part * METADATA_PART_BYTES);
  }

  /** Keeps a copy. The part must have its length. */
  put(peer: number, part: number, bytes: Uint8Array): void {
    this.parts.set(part, bytes.slice());
    this.senders.add(peer);
  }

  /** The whole; only when it is complete. */
  join(): Uint8Array {
    const whole = new Uint8Array(this.byteLength);
    for (const [part, bytes] of this.parts) whole.set(bytes, part * METADATA_PART_BYTES);
    return whole;
  }

  clear(): void {
    this.parts.clear();
    this.senders.clear();
  }
}
