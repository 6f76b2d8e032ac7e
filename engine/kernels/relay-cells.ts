import type { Branded } from '../runtime/port.ts';
import type { Twin } from './lane-hasher.ts';

/** What a relay cell has behind circuit id and command. tor-spec, cell format: 514 - 5 bytes, all of it encrypted. */
export const RELAY_BODY_BYTES = 509;

/** The most hops a circuit of a client can have. */
export const RELAY_HOPS_MAX = 8;

/**
 * The two ciphers for relay cells. `tor1`: AES-128 in counter mode and a running SHA-1 (tor-spec, relay crypto);
 * `cgo`: Counter Galois Onion (proposal 359).
 */
export type RelayCipherKind = 'tor1' | 'cgo';

/**
 * Key material of one hop, in bytes, as the handshake gives it.
 * tor1: Df 20, Db 20, Kf 16, Kb 16. cgo: forward, then backward, each J 32, S 32, nonce 16.
 */
export const RELAY_KEY_BYTES: Readonly<Record<RelayCipherKind, number>> = { tor1: 72, cgo: 160 };

/** Length of what an authenticated SENDME carries: the whole running digest, or the tag of the cell. */
export const RELAY_TAG_BYTES: Readonly<Record<RelayCipherKind, number>> = { tor1: 20, cgo: 16 };

/** Outcome at a relay: not for this hop (or a cell that only had to be encrypted); pass it on. */
export const OUTCOME_PASS = 0;
/** Outcome at a relay: for this hop, and the body now lies in the clear. */
export const OUTCOME_RECOGNISED = 1;
/** Outcome at a client: no hop recognised it. The others are the number of the hop that did, from 0 on. */
export const OUTCOME_NOBODY = 255;

/** The ciphers of one circuit at one {@link RelayCiphers}. */
export type RelayCipherId = Branded<number, 'RelayCipherId'>;
/** The ciphers of one circuit at one {@link ClientCiphers}. */
export type ClientCipherId = Branded<number, 'ClientCipherId'>;

export interface RelayCiphersOptions {
  /** How many circuits can be open at once. The bound: it never grows. */
  readonly capacity: number;
  /** How many cells one run can hold. */
  readonly cellCountMax: number;
  /** Where their memory begins, a multiple of 64; see relayCiphersBytes. */
  readonly offset: number;
  /** tor1: the most key stream made ahead for one direction of one hop, in cells of 509 bytes. Costs that memory. */
  readonly aheadCellsMax?: number;
}

/** What relays and clients have in common: cells are added, then a run does the work in place. */
export interface CellBatch {
  /** Where the key stream of tor1 comes from; for cgo always `wasm`. */
  readonly twin: Twin;
  /** Cells added since the last run. */
  readonly count: number;
  /** As many cells as a run can hold: run before adding more. */
  readonly full: boolean;
  /**
   * One byte for each cell, by the number that adding it gave. Plain memory that stays the same; valid from a run
   * until the first cell is added after it.
   */
  readonly outcomes: Uint8Array;
  /**
   * Does the work for the cells added since the last run, in place, and fills {@link outcomes}. Cells of one circuit
   * and direction are worked on in the order they were added.
   */
  run(): void;
  /**
   * What an authenticated SENDME for a cell of the last run carries, to `out`: for tor1 the 20 bytes of the running
   * digest right after it, for cgo the 16 bytes of its tag. Only for cells that were recognised or originated here.
   *
   * @returns how many bytes it is
   */
  readTag(index: number, out: Uint8Array): number;
}

/**
 * The relay's side: one layer for cells of many circuits. A `body` is the address in shared memory of the
 * {@link RELAY_BODY_BYTES} bytes behind the header of a cell; `command` the command of the cell (RELAY 3 or
 * RELAY_EARLY 9), which cgo authenticates. Every method that takes a body gives the number of the cell within the
 * run and throws RangeError when the batch is full, the circuit not open, or the body outside the memory.
 */
export interface RelayCiphers extends CellBatch {
  readonly kind: RelayCipherKind;
  /** How many circuits are open. */
  readonly openCount: number;
  /**
   * @param keys {@link RELAY_KEY_BYTES} bytes; not kept, so the caller may wipe them
   * @throws AlliumError SLAB_FULL when `capacity` circuits are open
   */
  open(keys: Uint8Array): RelayCipherId;
  /** A cell from the client's side: takes this hop's layer off; the outcome says whether it is for this hop. */
  forward(circuit: RelayCipherId, body: number, command: number): number;
  /** A cell towards the client that came from the next hop: puts this hop's layer on. */
  backward(circuit: RelayCipherId, body: number, command: number): number;
  /**
   * A cell that begins here, towards the client: sets digest or tag, then puts the layer on. For tor1 the recognised
   * and digest fields are overwritten, for cgo the first 16 bytes.
   */
  originate(circuit: RelayCipherId, body: number, command: number): number;
  /** Does what has been added, then wipes the circuit's keys and states. Throws RangeError if it is not open. */
  close(circuit: RelayCipherId): void;
}

/** The client's side: all layers of a cell in one go. Hops of one circuit may have different ciphers. */
export interface ClientCiphers extends CellBatch {
  readonly openCount: number;
  /** A circuit without hops. Throws AlliumError SLAB_FULL when `capacity` circuits are open. */
  open(): ClientCipherId;
  /**
   * Adds a hop at the end.
   *
   * @param keys {@link RELAY_KEY_BYTES} bytes; not kept
   * @returns its number, from 0 on
   * @throws AlliumError SLAB_FULL behind {@link RELAY_HOPS_MAX} hops
   */
  extend(circuit: ClientCipherId, kind: RelayCipherKind, keys: Uint8Array): number;
  hopCount(circuit: ClientCipherId): number;
  kindOf(circuit: ClientCipherId, hop: number): RelayCipherKind;
  /** A cell for `hop`: sets digest or tag for it, then puts the layers on, from that hop's to the first's. */
  send(circuit: ClientCipherId, hop: number, body: number, command: number): number;
  /** A cell from the guard: takes layers off until a hop recognises it. The outcome is that hop or OUTCOME_NOBODY. */
  receive(circuit: ClientCipherId, body: number, command: number): number;
  /** Does what has been added, then wipes the circuit's keys and states. Throws RangeError if it is not open. */
  close(circuit: ClientCipherId): void;
}
