import { writeUint32 } from '../../codec/big-endian.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { ClientCiphers } from '../../kernels/relay-cells.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { CELL, CELL_BODY_AT, CELL_BYTES } from '../cell/command.ts';
import type { RelayCommand } from '../cell/relay-command.ts';
import type { RelayFormat } from '../cell/relay-format.ts';
import type { Channel } from '../link/types.ts';
import type { StreamId } from '../units.ts';
import type { SendingCircuit } from './sending.ts';

/** Cells of one burst lie in so many slots at most: 127 cells, one write of 64 KiB. */
const BURST_SLOTS = 4;
const TAG_BYTES_MAX = 20;
/** Chance for padding is drawn so much at a time: the generator costs more by the call than by the byte. */
const CHANCE_BYTES = 8192;

/** A relay cell to write. */
export interface CellDraft {
  readonly circuit: SendingCircuit;
  readonly hop: number;
  readonly format: RelayFormat;
  readonly command: RelayCommand;
  readonly streamId: StreamId;
  readonly dataLength: number;
  /** RELAY_EARLY instead of RELAY. */
  readonly isEarly: boolean;
}

/**
 * Cells on their way out over one channel. Each is written in the clear into a run of the slab where it stays; then one
 * call of the kernel puts the layers of all of them on, and the run goes to the channel as one range.
 */
export class CellOutbox {
  readonly #channel: Channel;
  readonly #slab: Slab;
  readonly #ciphers: ClientCiphers;
  readonly #clock: Clock;
  readonly #random: Random;
  #lease: Lease | undefined;
  /** Where the next cell goes, where the first of this burst lies, and the end of the run. */
  #next = 0;
  #first = 0;
  #end = 0;
  /** Of the cells of this burst, in order. */
  readonly #circuits: SendingCircuit[] = [];
  readonly #hops: number[] = [];
  readonly #isData: boolean[] = [];
  readonly #indexes: number[] = [];
  readonly #tag = new Uint8Array(TAG_BYTES_MAX);
  #chance: Uint8Array = new Uint8Array(0);

  constructor(modules: {
    readonly channel: Channel;
    readonly slab: Slab;
    readonly ciphers: ClientCiphers;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#channel = modules.channel;
    this.#slab = modules.slab;
    this.#ciphers = modules.ciphers;
    this.#clock = modules.clock;
    this.#random = modules.random;
  }

  /** Makes room for one more cell, sending a burst that is full. False: the slab is full, try again when it is not. */
  prepare(): boolean {
    if (this.#lease !== undefined && this.#next + CELL_BYTES > this.#end) this.send();
    if (this.#lease !== undefined) return true;
    const lease =
      this.#slab.tryLease(BURST_SLOTS, 'onion client cells') ?? this.#slab.tryLease(1, 'onion client cells');
    if (lease === undefined) return false;
    this.#lease = lease;
    this.#first = lease.offset;
    this.#next = lease.offset;
    this.#end = lease.offset + lease.slots * SLOT_BYTES;
    return true;
  }

  /** Writes the header of a cell, after {@link prepare}; where its data goes, an index into the slab. Then {@link close}. */
  open(draft: CellDraft): number {
    const { bytes } = this.#slab;
    const at = this.#next;
    const { circuit, hop, format } = draft;
    writeUint32(bytes, at, circuit.id);
    bytes[at + 4] = draft.isEarly ? CELL.relayEarly : CELL.relay;
    this.#circuits.push(circuit);
    this.#hops.push(hop);
    return format.write(bytes, at + CELL_BODY_AT, draft.command, draft.streamId, draft.dataLength);
  }

  /** The data is in its place at `dataAt`: pads the cell. `isData`: it counts for flow control. */
  close(format: RelayFormat, dataAt: number, dataLength: number, isData: boolean): void {
    const { bytes } = this.#slab;
    const bodyAt = this.#next + CELL_BODY_AT;
    const padAt = format.padAt(bytes, bodyAt, dataAt, dataLength);
    const end = this.#next + CELL_BYTES;
    // tor-spec: chance, so that nobody can tell a digest from known cells.
    if (padAt < end) bytes.set(this.#takeChance(end - padAt), padAt);
    this.#isData.push(isData);
    this.#next = end;
  }

  #takeChance(byteLength: number): Uint8Array {
    if (this.#chance.length < byteLength) this.#chance = this.#random.bytes(CHANCE_BYTES);
    const taken = this.#chance.subarray(0, byteLength);
    this.#chance = this.#chance.subarray(byteLength);
    return taken;
  }

  /** Enciphers what is written and gives it to the channel. */
  send(): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    this.#encipher();
    if (this.#next > this.#first) this.#channel.sendRange(lease, this.#first, this.#next - this.#first);
    lease.release();
    this.#circuits.length = 0;
    this.#hops.length = 0;
    this.#isData.length = 0;
  }

  /** The channel is gone. */
  discard(): void {
    this.#lease?.release();
    this.#lease = undefined;
    this.#circuits.length = 0;
    this.#hops.length = 0;
    this.#isData.length = 0;
  }

  #encipher(): void {
    const { bytes } = this.#slab;
    let from = 0;
    for (let i = 0; i < this.#circuits.length; i++) {
      if (this.#ciphers.full) {
        this.#run(from, i);
        from = i;
      }
      const at = this.#first + i * CELL_BYTES;
      const { cipher } = this.#circuits[i]!;
      this.#indexes[i] = this.#ciphers.send(cipher, this.#hops[i]!, at + CELL_BODY_AT, bytes[at + 4]!);
    }
    this.#run(from, this.#circuits.length);
  }

  #run(from: number, to: number): void {
    this.#ciphers.run();
    const nowMs = this.#clock.now();
    for (let i = from; i < to; i++) {
      if (!this.#isData[i]!) continue;
      const circuit = this.#circuits[i]!;
      if (!circuit.onDataEnciphered(nowMs)) continue;
      const length = this.#ciphers.readTag(this.#indexes[i]!, this.#tag);
      circuit.onTag(this.#tag.subarray(0, length));
    }
  }
}
