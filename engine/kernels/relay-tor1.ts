import type { CipherId } from './aes.ts';
import { CipherIds } from './aes-cells.ts';
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
import { RelayRecords } from './relay-records.ts';
import { LayerStreams, NativeKeyStreams, WasmKeyStreams } from './relay-streams.ts';

/** Cells of key stream ahead for one direction of a busy circuit at a relay, unless set otherwise: 16 KiB. */
export const RELAY_AHEAD_CELLS = 32;

const FORWARD = 0;
const BACKWARD = 1;
const ORIGINATE = 2;
const SEED_BYTES = 20;
const KEY_BYTES = 16;

type Shape = Pick<RelayCiphersOptions, 'capacity' | 'cellCountMax' | 'aheadCellsMax'>;

/**
 * tor1 at a relay (tor-spec, relay crypto): AES-128-CTR and running SHA-1 digests. Key stream is made ahead of the
 * cells by either twin; one call of a kernel adds it to all cells of a batch and looks at those that seem to be for
 * this hop.
 */
export class Tor1RelayCiphers implements RelayCiphers {
  readonly kind = 'tor1';
  readonly twin: Twin;
  readonly outcomes: Uint8Array;
  readonly #kernels: Kernels;
  readonly #records: RelayRecords;
  readonly #ids: CipherIds;
  readonly #streams: LayerStreams;
  readonly #statesAt: number;
  readonly #stateBytes: number;
  readonly #work: number;
  /** A seed on its way in. */
  readonly #input: number;
  #openCount = 0;

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: RelayCiphersOptions, modules: { readonly kernels: Kernels; readonly twin: Twin }) {
    const { kernels, twin } = modules;
    const { exports } = kernels;
    const layerCount = 2 * options.capacity;
    const aheadCellsMax = options.aheadCellsMax ?? RELAY_AHEAD_CELLS;
    this.twin = twin;
    this.#kernels = kernels;
    this.#records = new RelayRecords({ ...options, bodyBytes: RELAY_BODY_BYTES }, modules);
    this.outcomes = this.#records.outcomes;
    this.#ids = new CipherIds(options.capacity);
    this.#stateBytes = exports.tor1StateBytes();
    this.#statesAt = options.offset + RelayRecords.bytesFor(options.cellCountMax);
    const windowsAt = this.#statesAt + layerCount * this.#stateBytes;
    const ciphersAt = windowsAt + LayerStreams.bytesFor(layerCount, aheadCellsMax);
    const source =
      twin === 'native'
        ? new NativeKeyStreams({ layerCount, aheadCellsMax }, modules)
        : new WasmKeyStreams({ layerCount, offset: ciphersAt }, modules);
    this.#streams = new LayerStreams(
      { layerCount, aheadCellsMax, statesAt: this.#statesAt, stateStride: this.#stateBytes, windowsAt },
      { kernels, source, flush: () => this.#flush() },
    );
    this.#work = kernels.reserve(exports.tor1WorkBytes());
    this.#input = kernels.reserve(SEED_BYTES);
  }

  /** The memory it needs, in bytes: a multiple of 64. */
  static bytesFor(shape: Shape, modules: { readonly kernels: Kernels; readonly twin: Twin }): number {
    const layerCount = 2 * shape.capacity;
    return (
      RelayRecords.bytesFor(shape.cellCountMax) +
      layerCount * modules.kernels.exports.tor1StateBytes() +
      LayerStreams.bytesFor(layerCount, shape.aheadCellsMax ?? RELAY_AHEAD_CELLS) +
      (modules.twin === 'wasm' ? WasmKeyStreams.bytesFor(layerCount, modules.kernels) : 0)
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
    if (keys.length !== RELAY_KEY_BYTES.tor1) throw new RangeError(`${keys.length} bytes of keys`);
    const id = this.#ids.take();
    for (const direction of [FORWARD, BACKWARD]) {
      const seedAt = direction * SEED_BYTES;
      const keyAt = 2 * SEED_BYTES + direction * KEY_BYTES;
      this.#seed(2 * id + direction, keys.subarray(seedAt, seedAt + SEED_BYTES));
      this.#streams.open(2 * id + direction, keys.subarray(keyAt, keyAt + KEY_BYTES));
    }
    this.#openCount += 1;
    return id as number as RelayCipherId;
  }

  forward(circuit: RelayCipherId, body: number, _command: number): number {
    return this.#add(circuit, FORWARD, body, FORWARD);
  }

  backward(circuit: RelayCipherId, body: number, _command: number): number {
    return this.#add(circuit, BACKWARD, body, BACKWARD);
  }

  originate(circuit: RelayCipherId, body: number, _command: number): number {
    return this.#add(circuit, BACKWARD, body, ORIGINATE);
  }

  run(): void {
    this.#flush();
    this.#records.end();
    this.#streams.ran();
  }

  readTag(index: number, out: Uint8Array): number {
    return this.#records.readTag(index, RELAY_TAG_BYTES.tor1, out);
  }

  close(circuit: RelayCipherId): void {
    const id = circuit as number as CipherId;
    this.#ids.check(id);
    this.#flush();
    this.#streams.close(2 * id + FORWARD);
    this.#streams.close(2 * id + BACKWARD);
    const at = this.#stateOf(2 * id);
    this.#kernels.bytes.fill(0, at, at + 2 * this.#stateBytes);
    this.#ids.give(id);
    this.#openCount -= 1;
  }

  #add(circuit: RelayCipherId, direction: number, body: number, action: number): number {
    this.#ids.check(circuit as number as CipherId);
    this.#records.check(body);
    const layer = 2 * circuit + direction;
    this.#streams.provide(layer);
    this.#streams.promise(layer);
    return this.#records.push(this.#stateOf(layer), body, action, 0);
  }

  #flush(): void {
    this.#records.flush(this.#kernels.exports.tor1RelayCells, this.#work);
    this.#streams.flushed();
  }

  #seed(layer: number, seed: Uint8Array): void {
    const { bytes, exports } = this.#kernels;
    const state = this.#stateOf(layer);
    bytes.fill(0, state, state + this.#stateBytes);
    bytes.set(seed, this.#input);
    exports.tor1Seed(state, this.#input);
    bytes.fill(0, this.#input, this.#input + SEED_BYTES);
  }

  #stateOf(layer: number): number {
    return this.#statesAt + layer * this.#stateBytes;
  }
}
