import type { ByteStream, StreamEnd, StreamHandler } from '../../../engine/runtime/port.ts';

export interface RecorderOptions {
  /** Sizes of the targets handed out, in turn. Default 4,096. */
  readonly targetSizes?: readonly number[];
  /** Called after each read, with the stream's owner. */
  readonly onRead?: (recorder: Recorder) => void;
  readonly onOpen?: (recorder: Recorder) => void;
}

/** An owner of a stream that writes down everything and objects to whatever the port does not allow. */
export class Recorder implements StreamHandler {
  stream: ByteStream | undefined;
  /** `open`, `drain`, `written`, `failed`, `close`: in the order they came. */
  readonly events: string[] = [];
  readonly ends: StreamEnd[] = [];
  readonly faults: string[] = [];
  readonly #options: RecorderOptions;
  readonly #parts: Uint8Array[] = [];
  #target: Uint8Array | undefined;
  asked = 0;
  reads = 0;
  byteLength = 0;
  largestRead = 0;

  constructor(options: RecorderOptions = {}) {
    this.#options = options;
  }

  get end(): StreamEnd | undefined {
    return this.ends[0];
  }

  get opened(): boolean {
    return this.events.includes('open');
  }

  /** All that was read. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  /** Writes and notes the answer; a callback within the call is a fault. */
  write(bytes: Uint8Array): void {
    let inside = true;
    let answers = 0;
    this.stream!.write(bytes, (ok) => {
      if (inside) this.faults.push('written was called within write');
      answers++;
      if (answers > 1) this.faults.push('written was called twice');
      if (this.ends.length > 0) this.faults.push('written was called after onClose');
      this.events.push(ok ? 'written' : 'failed');
    });
    inside = false;
  }

  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  onOpen(): void {
    if (this.asked > 0) this.faults.push('a target was asked for before onOpen');
    this.#note('open');
    this.#options.onOpen?.(this);
  }

  readTarget(): Uint8Array {
    if (!this.opened) this.faults.push('readTarget before onOpen');
    if (this.ends.length > 0) this.faults.push('readTarget after onClose');
    const sizes = this.#options.targetSizes ?? [4096];
    const size = sizes[this.asked++ % sizes.length]!;
    // Shared memory, and not at its start: the slab is like that.
    this.#target = new Uint8Array(new SharedArrayBuffer(size + 5), 5);
    return this.#target;
  }

  onRead(length: number): void {
    if (this.ends.length > 0) this.faults.push('onRead after onClose');
    const target = this.#target;
    this.#target = undefined;
    if (target === undefined) this.faults.push('a read into a target that was used already');
    else if (length < 1 || length > target.length) this.faults.push(`a read of ${length} bytes`);
    else this.#parts.push(target.slice(0, length));
    this.reads++;
    this.byteLength += length;
    this.largestRead = Math.max(this.largestRead, length);
    this.#options.onRead?.(this);
  }

  onDrain(): void {
    if (this.stream!.queuedBytes !== 0)
      this.faults.push(`drained with ${this.stream!.queuedBytes} bytes queued`);
    this.#note('drain');
  }

  onClose(end: StreamEnd): void {
    this.#note('close');
    this.ends.push(end);
    if (this.ends.length > 1) this.faults.push('onClose was called twice');
  }

  #note(event: string): void {
    if (this.ends.length > 0) this.faults.push(`${event} after onClose`);
    if (event !== 'close' && event !== 'open' && !this.opened) this.faults.push(`${event} before open`);
    this.events.push(event);
  }
}
