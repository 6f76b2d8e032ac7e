import { readUint32 } from '../../../../engine/codec/big-endian.ts';
import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import type { Lease } from '../../../../engine/kernels/lease.ts';
import type { Kernels } from '../../../../engine/kernels/module.ts';
import { type ClientCiphers, OUTCOME_NOBODY } from '../../../../engine/kernels/relay-cells.ts';
import { clientCiphersBytes, createClientCiphers } from '../../../../engine/kernels/relay-choice.ts';
import type { Slab } from '../../../../engine/kernels/slab.ts';
import { SLOT_BYTES } from '../../../../engine/kernels/types.ts';
import { decodeDestroyReason } from '../../../../engine/onion/cell/circuit-messages.ts';
import { CELL, CELL_BODY_AT } from '../../../../engine/onion/cell/command.ts';
import { CellMemory } from '../../../../engine/onion/link/cell-memory.ts';
import type { TlsChannel } from '../../../../engine/onion/link/channel.ts';
import { dialChannel } from '../../../../engine/onion/link/connect.ts';
import { createLinkStats } from '../../../../engine/onion/link/stats.ts';
import type {
  CellBatch,
  ChannelEnd,
  ChannelHandler,
  ControlCell,
} from '../../../../engine/onion/link/types.ts';
import { circuitId } from '../../../../engine/onion/units.ts';
import type { Runtime } from '../../../../engine/runtime/port.ts';
import { TestCircuit } from './test-circuit.ts';
import type { RelayPlace } from './test-network.ts';

/** Waits until something is so; throws when it never is. */
export type Until = (what: string, condition: () => boolean) => Promise<void>;

export interface TestClientModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly kernels: Kernels;
  readonly until: Until;
  /** Default: OpenSSL. */
  readonly twin?: 'wasm' | 'native';
}

const BATCH_CELLS = 256;

/** A client for tests: one link to a relay, circuits on it. */
export class TestClient implements ChannelHandler {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly until: Until;
  readonly ciphers: ClientCiphers;
  readonly circuits = new Map<number, TestCircuit>();
  readonly channel: TlsChannel;
  end: ChannelEnd | undefined;
  #isOpen = false;
  #nextId = 0x8000_0001;
  readonly #memory: CellMemory;
  readonly #ciphersLease: Lease;
  readonly #numbers = new Int32Array(BATCH_CELLS);
  #later: (() => void)[] = [];

  constructor(place: RelayPlace, modules: TestClientModules) {
    const { runtime, slab, kernels } = modules;
    this.runtime = runtime;
    this.slab = slab;
    this.until = modules.until;
    this.#memory = new CellMemory({}, { slab });
    const shape = { capacity: 16, cellCountMax: BATCH_CELLS };
    this.#ciphersLease = slab.tryLease(
      Math.ceil((clientCiphersBytes(shape, kernels) + 64) / SLOT_BYTES),
      'client ciphers',
    )!;
    const offset = Math.ceil(this.#ciphersLease.offset / 64) * 64;
    this.ciphers = createClientCiphers({ ...shape, offset }, kernels, choiceOfOne(modules.twin ?? 'native'));
    this.channel = dialChannel(
      place.endpoint,
      { ownHosts: [], connectTimeoutMs: 10_000, expected: { ed25519Id: place.ed25519Id } },
      { runtime, memory: this.#memory, stats: createLinkStats(), network: runtime.network },
      () => this,
    );
  }

  async open(): Promise<void> {
    await this.until('a link', () => this.#isOpen || this.end !== undefined);
    if (!this.#isOpen) throw new Error(`no link: ${this.end?.kind} ${this.end?.reason}`);
  }

  circuit(): TestCircuit {
    const circuit = new TestCircuit(this, circuitId(this.#nextId++));
    this.circuits.set(circuit.id, circuit);
    return circuit;
  }

  /** After the cells of this read. */
  later(action: () => void): void {
    this.#later.push(action);
  }

  onOpen(): void {
    this.#isOpen = true;
  }

  onCells(batch: CellBatch): void {
    const { bytes } = this.slab;
    for (let i = 0; i < batch.count; i += 1) {
      const offset = batch.offsets[i]!;
      const circuit = this.circuits.get(readUint32(bytes, offset));
      this.#numbers[i] =
        circuit === undefined
          ? -1
          : this.ciphers.receive(circuit.cipherId, offset + CELL_BODY_AT, bytes[offset + 4]!);
    }
    this.ciphers.run();
    for (let i = 0; i < batch.count; i += 1) {
      const number = this.#numbers[i]!;
      if (number < 0) continue;
      const offset = batch.offsets[i]!;
      const hop = this.ciphers.outcomes[number]!;
      if (hop === OUTCOME_NOBODY) throw new Error('a cell came back that nobody made');
      this.circuits.get(readUint32(bytes, offset))!.onCell(hop, offset, number);
    }
    const later = this.#later;
    this.#later = [];
    for (const action of later) action();
  }

  onControl(cell: ControlCell): void {
    const circuit = this.circuits.get(cell.circuitId);
    if (circuit === undefined) return;
    if (cell.command === CELL.destroy) circuit.destroyed = decodeDestroyReason(cell.body);
    else circuit.created = { ...cell, body: cell.body.slice() };
  }

  onWritable(): void {}

  onClose(end: ChannelEnd): void {
    this.end = end;
    this.#memory.close();
    this.#ciphersLease.release();
  }
}
