import { type Cipher, createCipheriv } from 'node:crypto';
import type { CipherId } from './aes.ts';
import { COUNTER_BYTES } from './aes.ts';
import { WasmCellCiphers } from './aes-wasm.ts';
import type { Twin } from './lane-hasher.ts';
import type { Kernels } from './module.ts';
import { RELAY_BODY_BYTES } from './relay-cells.ts';

/** tor-spec, relay crypto: AES-128. */
const KEY_BYTES = 16;
/** tor1 begins with a counter of zero. */
const COUNTER_START = new Uint8Array(COUNTER_BYTES);
/** A layer that used up its key stream within this many runs is busy and is given twice as much. */
const BUSY_RUN_COUNT = 64;

/** Makes AES-128-CTR key stream, which does not depend on data, for many layers. */
export interface KeyStreamSource {
  readonly twin: Twin;
  open(layer: number, key: Uint8Array): void;
  /** The next `cells` × 509 bytes of a layer's key stream, to address `at`. */
  make(layer: number, at: number, cells: number): void;
  /** Wipes the key. */
  close(layer: number): void;
}

/** From OpenSSL: a call costs about as much as two kilobytes, so a busy layer has it made for several cells. */
export class NativeKeyStreams implements KeyStreamSource {
  readonly twin = 'native';
  readonly #bytes: Uint8Array;
  readonly #ciphers: (Cipher | undefined)[];
  /** By number of cells. */
  readonly #zeros: readonly Uint8Array[];

  constructor(
    options: { readonly layerCount: number; readonly aheadCellsMax: number },
    modules: { readonly kernels: Kernels },
  ) {
    this.#bytes = modules.kernels.bytes;
    this.#ciphers = new Array<Cipher | undefined>(options.layerCount).fill(undefined);
    const zeros = new Uint8Array(options.aheadCellsMax * RELAY_BODY_BYTES);
    this.#zeros = Array.from({ length: options.aheadCellsMax + 1 }, (_, cells) =>
      zeros.subarray(0, cells * RELAY_BODY_BYTES),
    );
  }

  open(layer: number, key: Uint8Array): void {
    this.#ciphers[layer] = createCipheriv('aes-128-ctr', key, COUNTER_START);
  }

  make(layer: number, at: number, cells: number): void {
    const stream = this.#ciphers[layer]!.update(this.#zeros[cells]!);
    this.#bytes.set(stream, at);
    stream.fill(0);
  }

  close(layer: number): void {
    // Makes OpenSSL wipe and free the key now and not when the object is collected.
    this.#ciphers[layer]?.final();
    this.#ciphers[layer] = undefined;
  }
}

/** From the WASM kernel, constant-time on every engine. */
export class WasmKeyStreams implements KeyStreamSource {
  readonly twin = 'wasm';
  readonly #bytes: Uint8Array;
  readonly #batch: WasmCellCiphers;
  readonly #ids: (CipherId | undefined)[];

  constructor(
    options: { readonly layerCount: number; readonly offset: number },
    modules: { readonly kernels: Kernels },
  ) {
    const { layerCount, offset } = options;
    this.#bytes = modules.kernels.bytes;
    this.#batch = new WasmCellCiphers(
      { capacity: layerCount, keyBytes: KEY_BYTES, cellCountMax: 1, offset },
      modules,
    );
    this.#ids = new Array<CipherId | undefined>(layerCount).fill(undefined);
  }

  /** The memory that so many layers need, in bytes. */
  static bytesFor(layerCount: number, kernels: Kernels): number {
    return WasmCellCiphers.bytesFor({ capacity: layerCount, keyBytes: KEY_BYTES }, { kernels });
  }

  open(layer: number, key: Uint8Array): void {
    this.#ids[layer] = this.#batch.open(key, COUNTER_START);
  }

  make(layer: number, at: number, cells: number): void {
    const byteLength = cells * RELAY_BODY_BYTES;
    this.#bytes.fill(0, at, at + byteLength);
    this.#batch.add(this.#ids[layer]!, at, byteLength);
    this.#batch.run();
  }

  close(layer: number): void {
    const id = this.#ids[layer];
    if (id !== undefined) this.#batch.close(id);
    this.#ids[layer] = undefined;
  }
}

export interface LayerStreamsOptions {
  readonly layerCount: number;
  /** The most key stream made ahead for one layer, in cells. */
  readonly aheadCellsMax: number;
  /** Where the state of layer 0 begins, and how far behind it the next. A state begins as wasm/relay-tor1.ts says. */
  readonly statesAt: number;
  readonly stateStride: number;
  /** Where the key stream lies: {@link LayerStreams.bytesFor} bytes. */
  readonly windowsAt: number;
}

/**
 * Key stream ahead of the cells, for each layer of tor1: one cell's for a layer that is mostly idle, up to
 * `aheadCellsMax` for a busy one. It is wiped as it is used and when the layer is closed.
 */
export class LayerStreams {
  readonly #options: LayerStreamsOptions;
  readonly #source: KeyStreamSource;
  readonly #flush: () => void;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #windowBytes: number;
  /** By layer: cells whose key stream is there and not promised yet. May be too low for cells that may not need it. */
  readonly #left: Uint32Array;
  /** By layer: the flush before which it was last promised, the size of its last refill and the run of that. */
  readonly #promised: Float64Array;
  readonly #ahead: Uint32Array;
  readonly #refilled: Float64Array;
  #flushes = 1;
  #runs = 0;

  /** `flush` makes the kernel use what was promised, and calls {@link flushed}. */
  constructor(
    options: LayerStreamsOptions,
    modules: { readonly kernels: Kernels; readonly source: KeyStreamSource; readonly flush: () => void },
  ) {
    const { layerCount, aheadCellsMax } = options;
    if (!Number.isInteger(aheadCellsMax) || aheadCellsMax < 1) {
      throw new RangeError(`key stream ahead for ${aheadCellsMax} cells`);
    }
    this.#options = options;
    this.#source = modules.source;
    this.#flush = modules.flush;
    this.#words = new Uint32Array(modules.kernels.memory.buffer);
    this.#bytes = modules.kernels.bytes;
    this.#windowBytes = windowBytes(aheadCellsMax);
    this.#left = new Uint32Array(layerCount);
    this.#promised = new Float64Array(layerCount);
    this.#ahead = new Uint32Array(layerCount);
    this.#refilled = new Float64Array(layerCount);
  }

  /** The memory for key stream, in bytes: a multiple of 64. */
  static bytesFor(layerCount: number, aheadCellsMax: number): number {
    return layerCount * windowBytes(aheadCellsMax);
  }

  open(layer: number, key: Uint8Array): void {
    this.#source.open(layer, key);
    this.#left[layer] = 0;
    this.#promised[layer] = 0;
    this.#ahead[layer] = 0;
    this.#refilled[layer] = this.#runs;
    this.#setReady(layer, 0);
  }

  /** Sees to it that there is key stream for one more cell. May flush, so a cell with many layers first asks for all. */
  provide(layer: number): void {
    if (this.#left[layer] === 0) this.#refill(layer);
  }

  /** Promises to the next cell what was provided. */
  promise(layer: number): void {
    this.#left[layer]! -= 1;
    this.#promised[layer] = this.#flushes;
  }

  /** To be called after each flush. */
  flushed(): void {
    this.#flushes += 1;
  }

  /** To be called after each run: by runs it is told who is busy. */
  ran(): void {
    this.#runs += 1;
  }

  close(layer: number): void {
    this.#source.close(layer);
    const at = this.#windowOf(layer);
    this.#bytes.fill(0, at, at + this.#windowBytes);
    this.#left[layer] = 0;
  }

  #refill(layer: number): void {
    if (this.#promised[layer] === this.#flushes) this.#flush();
    // A cell that was recognised before it reached this layer has left its key stream.
    const ready = this.#words[this.#stateOf(layer) / 4 + 1]!;
    if (ready > 0) {
      this.#left[layer] = ready;
      return;
    }
    const busy = this.#runs - this.#refilled[layer]! <= BUSY_RUN_COUNT;
    const cells = busy ? Math.min(Math.max(this.#ahead[layer]! * 2, 1), this.#options.aheadCellsMax) : 1;
    this.#ahead[layer] = cells;
    this.#refilled[layer] = this.#runs;
    this.#source.make(layer, this.#windowOf(layer), cells);
    this.#setReady(layer, cells);
    this.#left[layer] = cells;
  }

  #setReady(layer: number, cells: number): void {
    const word = this.#stateOf(layer) / 4;
    this.#words[word] = this.#windowOf(layer);
    this.#words[word + 1] = cells;
  }

  #stateOf(layer: number): number {
    return this.#options.statesAt + layer * this.#options.stateStride;
  }

  #windowOf(layer: number): number {
    return this.#options.windowsAt + layer * this.#windowBytes;
  }
}

function windowBytes(aheadCellsMax: number): number {
  return Math.ceil((aheadCellsMax * RELAY_BODY_BYTES) / 64) * 64;
}
