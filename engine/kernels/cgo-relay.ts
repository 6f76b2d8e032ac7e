import type { CipherId } from './aes.ts';
import { CipherIds } from './aes-cells.ts';
import { CgoStreams } from './cgo-streams.ts';
import type { Twin } from './lane-hasher.ts';
import type { Kernels } from './module.ts';
import {
  RELAY_BODY_BYTES,
  RELAY_KEY_BYTES,
  RELAY_TAG_BYTES,
  type RelayCipherId,
  type RelayCiphers,
  type RelayCiphersOptions,
} from './relay-cells.ts';
import { type RelayKernel, RelayRecords } from './relay-records.ts';

const FORWARD = 0;
const BACKWARD = 1;
const ORIGINATE = 2;
/** Key material of one direction. */
const DIRECTION_BYTES = RELAY_KEY_BYTES.cgo / 2;

/**
 * Counter Galois Onion at a relay (proposal 359). Its stream depends on the cell, so nothing can be made ahead, and a
 * new cipher object for each cell would cost more than the cell: where keys are renewed the kernel does all of it, in
 * constant time. Where they stay, OpenSSL makes the stream of a batch if the native twin is asked for.
 */
export class CgoRelayCiphers implements RelayCiphers {
  readonly kind = 'cgo';
  readonly twin = 'wasm';
  readonly outcomes: Uint8Array;
  readonly #kernels: Kernels;
  readonly #records: RelayRecords;
  readonly #ids: CipherIds;
  readonly #statesAt: number;
  readonly #stateBytes: number;
  readonly #work: number;
  /** Key material on its way in. */
  readonly #input: number;
  /** None: the kernel makes all key stream. */
  readonly #streams: CgoStreams | undefined;
  readonly #kernel: RelayKernel;
  #openCount = 0;

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: RelayCiphersOptions, modules: { readonly kernels: Kernels; readonly stream?: Twin }) {
    const { kernels } = modules;
    this.#kernels = kernels;
    this.#records = new RelayRecords({ ...options, bodyBytes: RELAY_BODY_BYTES }, modules);
    this.outcomes = this.#records.outcomes;
    this.#ids = new CipherIds(options.capacity);
    this.#statesAt = options.offset + RelayRecords.bytesFor(options.cellCountMax);
    this.#stateBytes = kernels.exports.cgoStateBytes();
    this.#work = kernels.reserve(kernels.exports.cgoWorkBytes());
    this.#input = kernels.reserve(DIRECTION_BYTES);
    this.#streams = modules.stream === 'native' ? this.#makeStreams(options) : undefined;
    this.#kernel = (records, count, outcomes, tags, work) => {
      const waits = this.#streams?.begin() ?? false;
      kernels.exports.cgoRelayCells(records, count, outcomes, tags, work);
      if (waits) {
        this.#streams?.make();
        kernels.exports.cgoRelayStreams(records, count);
      }
      this.#streams?.end();
    };
  }

  /** The memory it needs, in bytes: a multiple of 64. */
  static bytesFor(
    shape: Pick<RelayCiphersOptions, 'capacity' | 'cellCountMax'>,
    modules: { readonly kernels: Kernels },
  ): number {
    const { exports } = modules.kernels;
    return (
      RelayRecords.bytesFor(shape.cellCountMax) +
      2 * shape.capacity * exports.cgoStateBytes() +
      CgoStreams.bytesFor(shape.cellCountMax)
    );
  }

  get count(): number {
    return this.#records.count;
  }

  get full(): boolean {
    return this.#records.full;
  }

  get openCount(): number {
    return this.#openCount;
  }

  open(keys: Uint8Array): RelayCipherId {
    if (keys.length !== RELAY_KEY_BYTES.cgo) throw new RangeError(`${keys.length} bytes of keys`);
    const { bytes, exports } = this.#kernels;
    const id = this.#ids.take();
    for (const direction of [FORWARD, BACKWARD]) {
      const from = direction * DIRECTION_BYTES;
      bytes.set(keys.subarray(from, from + DIRECTION_BYTES), this.#input);
      exports.cgoStart(this.#stateOf(id, direction), this.#input, this.#work);
    }
    bytes.fill(0, this.#input, this.#input + DIRECTION_BYTES);
    this.#openCount += 1;
    return id as number as RelayCipherId;
  }

  forward(circuit: RelayCipherId, body: number, command: number): number {
    return this.#add(circuit, FORWARD, body, FORWARD | (command << 8));
  }

  backward(circuit: RelayCipherId, body: number, command: number): number {
    return this.#add(circuit, BACKWARD, body, BACKWARD | (command << 8));
  }

  originate(circuit: RelayCipherId, body: number, command: number): number {
    return this.#add(circuit, BACKWARD, body, ORIGINATE | (command << 8));
  }

  run(): void {
    this.#flush();
    this.#records.end();
  }

  readTag(index: number, out: Uint8Array): number {
    return this.#records.readTag(index, RELAY_TAG_BYTES.cgo, out);
  }

  close(circuit: RelayCipherId): void {
    const id = circuit as number as CipherId;
    this.#ids.check(id);
    this.#flush();
    for (const direction of [FORWARD, BACKWARD]) this.#streams?.close(2 * id + direction);
    const at = this.#stateOf(id, FORWARD);
    this.#kernels.bytes.fill(0, at, at + 2 * this.#stateBytes);
    this.#ids.give(id);
    this.#openCount -= 1;
  }

  #add(circuit: RelayCipherId, direction: number, body: number, action: number): number {
    this.#ids.check(circuit as number as CipherId);
    this.#records.check(body);
    const index = this.#records.push(this.#stateOf(circuit, direction), body, action, 0);
    this.#streams?.add(2 * circuit + direction);
    return index;
  }

  #flush(): void {
    this.#records.flush(this.#kernel, this.#work);
  }

  #makeStreams(options: RelayCiphersOptions): CgoStreams {
    const directionCount = 2 * options.capacity;
    return new CgoStreams(
      {
        directionCount,
        cellCountMax: options.cellCountMax,
        statesAt: this.#statesAt,
        stateStride: this.#stateBytes,
        offset: this.#statesAt + directionCount * this.#stateBytes,
      },
      { kernels: this.#kernels },
    );
  }

  #stateOf(circuit: number, direction: number): number {
    return this.#statesAt + (2 * circuit + direction) * this.#stateBytes;
  }
}
