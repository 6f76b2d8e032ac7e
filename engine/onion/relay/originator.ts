import { writeUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { CELL, CELL_BODY_AT, CELL_BODY_BYTES, CELL_BYTES } from '../cell/command.ts';
import { RELAY, type RelayCommand } from '../cell/relay-command.ts';
import type { StreamId } from '../units.ts';
import type { CipherBank } from './cipher-bank.ts';
import { BATCH_CELLS } from './cipher-bank.ts';
import type { RelayCircuit } from './circuit.ts';
import type { RelayCounters } from './counters.ts';
import { RunSender } from './run-sender.ts';

/** What cells are built in: a run of the slab for 127 of them. */
export const ROOM_SLOTS = 4;
const ROOM_CELLS = Math.floor((ROOM_SLOTS * SLOT_BYTES) / CELL_BYTES);
/** Random bytes fetched at once for the ends of cells that are not full. */
const CHANCE_BYTES = 16 * 1024;
const TAG_BYTES_MAX = 20;

/**
 * Makes the cells that begin at this relay. They are written one behind the other into the slab, get digest and
 * cipher in one call of the kernel at {@link flush}, and go out in as few ranges as possible. Until then they are
 * plain: nothing may be added to the ciphers of their circuits in between.
 */
export class Originator {
  readonly #slab: Slab;
  readonly #bank: CipherBank;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #counters: RelayCounters;
  readonly #lost: (circuit: RelayCircuit) => void;
  readonly #sender = new RunSender();
  readonly #circuits: RelayCircuit[] = [];
  readonly #leases: Lease[] = [];
  readonly #offsets: number[] = [];
  /** Whether the cell is one whose tag a SENDME has to prove. */
  readonly #tagged: boolean[] = [];
  readonly #numbers = new Int32Array(BATCH_CELLS);
  readonly #tag = new Uint8Array(TAG_BYTES_MAX);
  #room: Lease | undefined;
  #roomCells = 0;
  /** Kept for messages when the slab is full. */
  #spare: Lease | undefined;
  #used: Lease[] = [];
  #chance: Uint8Array = new Uint8Array(0);
  #chanceAt = 0;
  #flushing = false;

  constructor(modules: {
    readonly slab: Slab;
    readonly bank: CipherBank;
    readonly clock: Clock;
    readonly random: Random;
    readonly counters: RelayCounters;
    /** There was no memory for a message of the circuit: whoever waits for it would wait for ever. */
    readonly lost: (circuit: RelayCircuit) => void;
  }) {
    this.#slab = modules.slab;
    this.#bank = modules.bank;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#counters = modules.counters;
    this.#lost = modules.lost;
    this.#spare = modules.slab.tryLease(ROOM_SLOTS, 'relay cells');
  }

  /** Cells that wait for {@link flush}. */
  get count(): number {
    return this.#circuits.length;
  }

  /** One message towards the client. False: there is no memory for it, or it is too long for a cell. */
  message(circuit: RelayCircuit, command: RelayCommand, stream: StreamId, data: Uint8Array): boolean {
    if (data.length > circuit.format.dataBytesMax(command)) return false;
    if (!this.#hasRoom(true)) {
      this.#lost(circuit);
      return false;
    }
    this.#slab.bytes.set(data, this.#cell(circuit, command, stream, data.length, false));
    return true;
  }

  /**
   * Data towards the client that lies at `from` in the slab, in as many cells as it takes: no more than the circuit
   * may send. How many bytes found room.
   */
  data(circuit: RelayCircuit, stream: StreamId, from: number, length: number): number {
    const { sender, format } = circuit.crypto!;
    const most = format.dataBytesMax(RELAY.data);
    const nowMs = this.#clock.now();
    let at = 0;
    while (at < length) {
      if (!this.#hasRoom(false)) break;
      const part = Math.min(most, length - at);
      const isTagged = sender.onSent(1, nowMs);
      const dataAt = this.#cell(circuit, RELAY.data, stream, part, isTagged);
      this.#slab.copy(dataAt, from + at, part);
      at += part;
      // The sender wants to know the tag of one such cell before it is told of the next.
      if (isTagged) this.flush();
    }
    return at;
  }

  /** Enciphers and sends what has been made. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#circuits.length > 0) {
      const count = Math.min(this.#circuits.length, BATCH_CELLS);
      this.#encipher(count);
      this.#send(count);
      this.#circuits.splice(0, count);
      this.#leases.splice(0, count);
      this.#offsets.splice(0, count);
      this.#tagged.splice(0, count);
    }
    for (const lease of this.#used.splice(0)) lease.release();
    this.#flushing = false;
  }

  /** Gives all memory back. */
  dispose(): void {
    this.#room?.release();
    this.#spare?.release();
    for (const lease of this.#used.splice(0)) lease.release();
    this.#room = undefined;
    this.#spare = undefined;
    this.#circuits.length = 0;
    this.#leases.length = 0;
    this.#offsets.length = 0;
    this.#tagged.length = 0;
  }

  #encipher(count: number): void {
    const numbers = this.#numbers;
    for (let i = 0; i < count; i += 1) {
      const circuit = this.#circuits[i]!;
      if (circuit.isClosed) {
        numbers[i] = -1;
        continue;
      }
      const { ciphers, cipherId } = circuit.crypto!;
      numbers[i] = ciphers.originate(cipherId, this.#offsets[i]! + CELL_BODY_AT, CELL.relay);
    }
    this.#bank.run();
    for (let i = 0; i < count; i += 1) {
      if (!this.#tagged[i] || numbers[i]! < 0) continue;
      const { ciphers, sender } = this.#circuits[i]!.crypto!;
      const tagBytes = ciphers.readTag(numbers[i]!, this.#tag);
      sender.expectTag(tagBytes === TAG_BYTES_MAX ? this.#tag : this.#tag.subarray(0, tagBytes));
    }
  }

  #send(count: number): void {
    const { bytes } = this.#slab;
    for (let i = 0; i < count; i += 1) {
      const circuit = this.#circuits[i]!;
      if (this.#numbers[i]! < 0 || circuit.isClosed) continue;
      const offset = this.#offsets[i]!;
      writeUint32(bytes, offset, circuit.prev.id);
      bytes[offset + 4] = CELL.relay;
      this.#counters.cellsOriginated += 1;
      this.#sender.add(circuit.prev, this.#leases[i]!, offset);
    }
    this.#sender.flush();
  }

  /** A cell with its header and its end; where its data goes. */
  #cell(
    circuit: RelayCircuit,
    command: RelayCommand,
    stream: StreamId,
    length: number,
    isTagged: boolean,
  ): number {
    const lease = this.#room!;
    const offset = lease.offset + this.#roomCells * CELL_BYTES;
    this.#roomCells += 1;
    const { bytes } = this.#slab;
    const { format } = circuit;
    const bodyAt = offset + CELL_BODY_AT;
    const bodyEnd = bodyAt + CELL_BODY_BYTES;
    const dataAt = format.write(bytes, bodyAt, command, stream, length);
    if (dataAt + length < bodyEnd) this.#pad(format.padAt(bytes, bodyAt, dataAt, length), bodyEnd);
    this.#circuits.push(circuit);
    this.#leases.push(lease);
    this.#offsets.push(offset);
    this.#tagged.push(isTagged);
    return dataAt;
  }

  /** tor-spec: what is behind the data must not be known beforehand, or SENDMEs could be forged. */
  #pad(from: number, to: number): void {
    const length = to - from;
    if (this.#chanceAt + length > this.#chance.length) {
      this.#chance = this.#random.bytes(CHANCE_BYTES);
      this.#chanceAt = 0;
    }
    this.#slab.bytes.set(this.#chance.subarray(this.#chanceAt, this.#chanceAt + length), from);
    this.#chanceAt += length;
  }

  /** Whether there is room for one more cell; messages may use what is kept for them. */
  #hasRoom(isMessage: boolean): boolean {
    if (this.#room !== undefined && this.#roomCells < ROOM_CELLS) return true;
    const next = this.#slab.tryLease(ROOM_SLOTS, 'relay cells');
    if (next === undefined && (!isMessage || this.#spare === undefined)) return false;
    if (this.#room !== undefined) this.#used.push(this.#room);
    this.#room = next ?? this.#spare;
    this.#roomCells = 0;
    if (next === undefined) this.#spare = undefined;
    else this.#spare ??= this.#slab.tryLease(ROOM_SLOTS, 'relay cells');
    return true;
  }
}
