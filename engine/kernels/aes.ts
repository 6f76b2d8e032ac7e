import type { Branded } from '../runtime/port.ts';

/** What wasm/aes.ts exports. `work`: aesWorkBytes() bytes that no other thread uses. */
export interface AesExports {
  aesScheduleBytes(keyBytes: number): number;
  aesStateBytes(): number;
  aesWorkBytes(): number;
  aesExpandKey(schedule: number, key: number, keyBytes: number, work: number): void;
  aesStart(state: number, schedule: number, counter: number, work: number): void;
  /** `cells`: addresses of schedule, state and data, length; four u32 each. */
  aesCryptBatch(cells: number, count: number, work: number): void;
  /** `cells`: address of key stream, 0, address of data, length; four u32 each. Wipes the key stream. */
  aesAddStreams(cells: number, count: number): void;
}

/** AES-128 or AES-256. */
export type AesKeyBytes = 16 | 32;

/** Length of a counter block. */
export const COUNTER_BYTES = 16;

/** One open cipher of one {@link CellCipherBatch}. */
export type CipherId = Branded<number, 'CipherId'>;

export interface CellCipherOptions {
  /** How many ciphers can be open at once. The bound: it never grows. */
  readonly capacity: number;
  readonly keyBytes: AesKeyBytes;
  /** Where their memory begins, a multiple of 64; see `bytesFor` of the twin. */
  readonly offset: number;
  /** How many cells one run can hold; one more makes it run at once. */
  readonly cellCountMax: number;
}

/**
 * AES in counter mode (SP 800-38A) for cells of many circuits, each with its own key and counter, in place in shared
 * memory. A cipher goes on where it stopped, at any byte. Two twins: {@link WasmCellCiphers} computes blocks for a whole
 * batch in one call; {@link NativeCellCiphers} takes key stream from OpenSSL ahead of time.
 */
export interface CellCipherBatch {
  readonly twin: 'wasm' | 'native';
  /**
   * Opens a cipher.
   *
   * @param counter the first counter block, {@link COUNTER_BYTES} bytes, big-endian
   * @throws AlliumError SLAB_FULL when `capacity` ciphers are open
   */
  open(key: Uint8Array, counter: Uint8Array): CipherId;
  /**
   * Adds a cell to the batch: `byteLength` bytes at `offset` of the shared memory. They may change at once, and have
   * changed after {@link run}. Cells of one cipher take its key stream in the order they are added.
   */
  add(cipher: CipherId, offset: number, byteLength: number): void;
  /** Encrypts or decrypts the cells added since the last run. */
  run(): void;
  /** Finishes its cells, then wipes the cipher and gives its memory back. Throws RangeError if it is not open. */
  close(cipher: CipherId): void;
}
