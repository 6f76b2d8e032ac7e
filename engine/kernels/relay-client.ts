import { AlliumError } from '../codec/error.ts';
import type { CipherId } from './aes.ts';
import { CipherIds } from './aes-cells.ts';
import { CgoStreams } from './cgo-streams.ts';
import { ClientStreams } from './client-streams.ts';
import type { Twin } from './lane-hasher.ts';
import type { Kernels } from './module.ts';
import {
  type ClientCipherId,
  type ClientCiphers,
  RELAY_BODY_BYTES,
  RELAY_HOPS_MAX,
  RELAY_KEY_BYTES,
  RELAY_TAG_BYTES,
  type RelayCipherKind,
  type RelayCiphersOptions,
} from './relay-cells.ts';
import { type RelayKernel, RelayRecords } from './relay-records.ts';
import { LayerStreams, NativeKeyStreams, WasmKeyStreams } from './relay-streams.ts';

/** Cells of key stream ahead for one direction of one hop of a busy circuit, unless set otherwise: 8 KiB. */
export const CLIENT_AHEAD_CELLS = 16;

const FORWARD = 0;
const BACKWARD = 1;
const RECEIVE = 0;
const SEND = 1;
/** Layers of one circuit: all hops forward, then all hops backward. */
const LAYERS = 2 * RELAY_HOPS_MAX;
const SEED_BYTES = 20;
const KEY_BYTES = 16;
const CGO_DIRECTION_BYTES = RELAY_KEY_BYTES.cgo / 2;

type Shape = Pick<RelayCiphersOptions, 'capacity' | 'cellCountMax' | 'aheadCellsMax'>;

/** All layers of cells at a client: see {@link ClientCiphers}. One call of a kernel for the cells of many circuits. */
export class LayeredClientCiphers implements ClientCiphers {
  readonly twin: Twin;
  readonly outcomes: Uint8Array;
  readonly #kernels: Kernels;
  readonly #records: RelayRecords;
  readonly #ids: CipherIds;
  readonly #streams: LayerStreams;
  readonly #statesAt: number;
  readonly #stateBytes: number;
  readonly #work: number;
  /** Key material on its way in. */
  readonly #input: number;
  readonly #hopCounts: Uint8Array;
  /** By circuit and hop: whether it is cgo. */
  readonly #cgo: Uint8Array;
  /** By number in the run: the length of its tag is that of this hop, or of the hop in its outcome. */
  readonly #circuits: Uint32Array;
  /** None: the kernel makes all key stream of CGO. */
  readonly #cgoStreams: ClientStreams | undefined;
  readonly #kernel: RelayKernel;
  /** Of what the kernel has not had yet: whether all of it comes in, and the hops of its longest circuit. */
  #isIncoming = true;
  #hops = 0;
  #openCount = 0;

  /** Throws SLAB_FULL when the scratch area of the thread is used up. */
  constructor(options: RelayCiphersOptions, modules: { readonly kernels: Kernels; readonly twin: Twin }) {
    const { kernels, twin } = modules;
    const { exports } = kernels;
    const layerCount = LAYERS * options.capacity;
    const aheadCellsMax = options.aheadCellsMax ?? CLIENT_AHEAD_CELLS;
    this.twin = twin;
    this.#kernels = kernels;
    this.#records = new RelayRecords({ ...options, bodyBytes: RELAY_BODY_BYTES }, modules);
    this.outcomes = this.#records.outcomes;
    this.#ids = new CipherIds(options.capacity);
    this.#stateBytes = stateBytes(kernels);
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
    this.#work = kernels.reserve(exports.clientWorkBytes());
    const counters = CgoStreams.bytesFor(options.cellCountMax);
    const end = options.offset + LayeredClientCiphers.bytesFor(options, modules);
    this.#cgoStreams = twin === 'native' ? this.#makeCgoStreams(options, end - counters) : undefined;
    this.#kernel = (...batch) => this.#open(...batch);
    this.#input = kernels.reserve(CGO_DIRECTION_BYTES);
    this.#hopCounts = new Uint8Array(options.capacity);
    this.#cgo = new Uint8Array(options.capacity * RELAY_HOPS_MAX);
    this.#circuits = new Uint32Array(options.cellCountMax);
  }

  /** The memory it needs, in bytes: a multiple of 64. */
  static bytesFor(shape: Shape, modules: { readonly kernels: Kernels; readonly twin: Twin }): number {
    const layerCount = LAYERS * shape.capacity;
    return (
      RelayRecords.bytesFor(shape.cellCountMax) +
      layerCount * stateBytes(modules.kernels) +
      LayerStreams.bytesFor(layerCount, shape.aheadCellsMax ?? CLIENT_AHEAD_CELLS) +
      (modules.twin === 'wasm' ? WasmKeyStreams.bytesFor(layerCount, modules.kernels) : 0) +
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

  open(): ClientCipherId {
    const id = this.#ids.take();
    this.#hopCounts[id] = 0;
    this.#openCount += 1;
    return id as number as ClientCipherId;
  }

  extend(circuit: ClientCipherId, kind: RelayCipherKind, keys: Uint8Array): number {
    this.#check(circuit);
    if (keys.length !== RELAY_KEY_BYTES[kind]) throw new RangeError(`${keys.length} bytes of ${kind} keys`);
    const hop = this.#hopCounts[circuit]!;
    if (hop === RELAY_HOPS_MAX) {
      throw new AlliumError('SLAB_FULL', `a circuit cannot have more than ${RELAY_HOPS_MAX} hops`, {
        advice: 'Build shorter paths.',
        details: { hop },
      });
    }
    for (const direction of [FORWARD, BACKWARD]) {
      if (kind === 'cgo') this.#startCgo(layerOf(circuit, direction, hop), keys, direction);
      else this.#startTor1(layerOf(circuit, direction, hop), keys, direction);
    }
    this.#cgo[circuit * RELAY_HOPS_MAX + hop] = kind === 'cgo' ? 1 : 0;
    this.#hopCounts[circuit] = hop + 1;
    return hop;
  }

  hopCount(circuit: ClientCipherId): number {
    this.#check(circuit);
    return this.#hopCounts[circuit]!;
  }

  kindOf(circuit: ClientCipherId, hop: number): RelayCipherKind {
    if (!(hop >= 0 && hop < this.hopCount(circuit))) throw new RangeError(`no hop ${hop}`);
    return this.#cgo[circuit * RELAY_HOPS_MAX + hop] === 1 ? 'cgo' : 'tor1';
  }

  send(circuit: ClientCipherId, hop: number, body: number, command: number): number {
    this.#check(circuit);
    if (!(hop >= 0 && hop < this.#hopCounts[circuit]!)) throw new RangeError(`no hop ${hop}`);
    return this.#add(circuit, FORWARD, hop + 1, body, SEND | (command << 8) | (hop << 16));
  }

  receive(circuit: ClientCipherId, body: number, command: number): number {
    this.#check(circuit);
    const hops = this.#hopCounts[circuit]!;
    return this.#add(circuit, BACKWARD, hops, body, RECEIVE | (command << 8) | (hops << 16));
  }

  run(): void {
    this.#flush();
    this.#records.end();
    this.#streams.ran();
  }

  readTag(index: number, out: Uint8Array): number {
    const cgo = this.#cgo[this.#circuits[index]! * RELAY_HOPS_MAX + this.outcomes[index]!];
    return this.#records.readTag(index, RELAY_TAG_BYTES[cgo === 1 ? 'cgo' : 'tor1'], out);
  }

  close(circuit: ClientCipherId): void {
    this.#check(circuit);
    this.#flush();
    for (let hop = 0; hop < this.#hopCounts[circuit]!; hop += 1) {
      if (this.#cgo[circuit * RELAY_HOPS_MAX + hop] === 1) continue;
      this.#streams.close(layerOf(circuit, FORWARD, hop));
      this.#streams.close(layerOf(circuit, BACKWARD, hop));
    }
    this.#cgoStreams?.close(circuit);
    const at = this.#stateOf(layerOf(circuit, FORWARD, 0));
    this.#kernels.bytes.fill(0, at, at + LAYERS * this.#stateBytes);
    this.#ids.give(circuit as number as CipherId);
    this.#openCount -= 1;
  }

  #check(circuit: ClientCipherId): void {
    this.#ids.check(circuit as number as CipherId);
  }

  #add(circuit: ClientCipherId, direction: number, hops: number, body: number, action: number): number {
    this.#records.check(body);
    const first = layerOf(circuit, direction, 0);
    const cgo = circuit * RELAY_HOPS_MAX;
    for (let hop = 0; hop < hops; hop += 1)
      if (this.#cgo[cgo + hop] === 0) this.#streams.provide(first + hop);
    for (let hop = 0; hop < hops; hop += 1)
      if (this.#cgo[cgo + hop] === 0) this.#streams.promise(first + hop);
    this.#note(circuit, direction, hops);
    const index = this.#records.push(this.#stateOf(first), body, action, this.#stateBytes);
    this.#circuits[index] = circuit;
    return index;
  }

  #flush(): void {
    this.#records.flush(this.#kernel, this.#work);
    this.#isIncoming = true;
    this.#hops = 0;
    this.#streams.flushed();
  }

  /** What the next flush has to know of a cell; after what may flush before it. */
  #note(circuit: number, direction: number, hops: number): void {
    if (direction === FORWARD) {
      this.#isIncoming = false;
      return;
    }
    if (hops > this.#hops) this.#hops = hops;
    if (this.#cgoStreams === undefined) return;
    for (let hop = 0; hop < hops; hop += 1)
      if (this.#cgo[circuit * RELAY_HOPS_MAX + hop] === 1) this.#cgoStreams.add(circuit, hop);
  }

  #open(records: number, count: number, outcomes: number, tags: number, work: number): void {
    const streams = this.#cgoStreams;
    if (this.#isIncoming && streams?.begin() === true)
      streams.run(this.#hops, records, count, outcomes, tags);
    else this.#kernels.exports.clientLayerCells(records, count, outcomes, tags, work);
    streams?.end();
  }

  #makeCgoStreams(options: RelayCiphersOptions, offset: number): ClientStreams {
    const { capacity, cellCountMax } = options;
    return new ClientStreams(
      {
        ...{ capacity, cellCountMax, offset, work: this.#work },
        statesAt: this.#stateOf(layerOf(0, BACKWARD, 0)),
        stateStride: this.#stateBytes,
        circuitStride: LAYERS * this.#stateBytes,
      },
      { kernels: this.#kernels },
    );
  }

  #startTor1(layer: number, keys: Uint8Array, direction: number): void {
    const { bytes, exports } = this.#kernels;
    const state = this.#stateOf(layer);
    const seedAt = direction * SEED_BYTES;
    const keyAt = 2 * SEED_BYTES + direction * KEY_BYTES;
    bytes.fill(0, state, state + this.#stateBytes);
    bytes.set(keys.subarray(seedAt, seedAt + SEED_BYTES), this.#input);
    exports.tor1Seed(state, this.#input);
    bytes.fill(0, this.#input, this.#input + SEED_BYTES);
    this.#streams.open(layer, keys.subarray(keyAt, keyAt + KEY_BYTES));
  }

  #startCgo(layer: number, keys: Uint8Array, direction: number): void {
    const { bytes, exports } = this.#kernels;
    const from = direction * CGO_DIRECTION_BYTES;
    bytes.set(keys.subarray(from, from + CGO_DIRECTION_BYTES), this.#input);
    exports.cgoStart(this.#stateOf(layer), this.#input, this.#work);
    bytes.fill(0, this.#input, this.#input + CGO_DIRECTION_BYTES);
  }

  #stateOf(layer: number): number {
    return this.#statesAt + layer * this.#stateBytes;
  }
}

function layerOf(circuit: number, direction: number, hop: number): number {
  return circuit * LAYERS + direction * RELAY_HOPS_MAX + hop;
}

/** Hops of either cipher lie in rows of equal steps. */
function stateBytes(kernels: Kernels): number {
  return Math.max(kernels.exports.tor1StateBytes(), kernels.exports.cgoStateBytes());
}
