import type { Lease } from '../../kernels/lease.ts';
import { scratchOffset } from '../../kernels/memory-map.ts';
import { type Kernels, loadKernels } from '../../kernels/module.ts';
import { Rc4States, type Rc4Stream } from '../../kernels/rc4.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import { type MseCipher, SKIPPED_BYTES } from './types.ts';

const ALIGNMENT = 64;
/** Messages that do not lie in the slab are enciphered in a place of this size, piece by piece. */
const DESK_BYTES = 16 * 1024;

/** A slot of the slab full of RC4 states. */
interface Room {
  readonly lease: Lease;
  readonly capacity: number;
  /** Addresses of the states that are not in use. */
  readonly free: number[];
}

interface Bench {
  readonly kernels: Kernels;
  readonly states: Rc4States;
  readonly deskAt: number;
}

/**
 * The RC4 ciphers of a shard. Their states lie in the slab, a slot for fifteen, leased when they are needed and given
 * back with the last of them; so the bound of the slab is theirs as well. The kernels are loaded with the first one.
 */
export class MseCiphers {
  private readonly slab: Slab;
  private readonly rooms = new Set<Room>();
  /** False: this process cannot have any. */
  private bench: Bench | undefined | false;
  private openCount = 0;

  constructor(modules: { readonly slab: Slab }) {
    this.slab = modules.slab;
  }

  /** Ciphers in use. */
  get size(): number {
    return this.openCount;
  }

  /** A cipher with this key, the first {@link SKIPPED_BYTES} thrown away; undefined when there is no room for it. */
  open(key: Uint8Array): MseCipher | undefined {
    const bench = this.getBench();
    if (bench === undefined) return undefined;
    const room = this.roomWithSpace(bench);
    if (room === undefined) return undefined;
    this.openCount++;
    const stream = bench.states.open(key, SKIPPED_BYTES, room.free);
    return new SlabCipher(stream, bench.kernels.bytes, bench.deskAt, () => this.onClosed(room));
  }

  private onClosed(room: Room): void {
    this.openCount--;
    if (room.free.length < room.capacity) return;
    this.rooms.delete(room);
    room.lease.release();
  }

  private roomWithSpace(bench: Bench): Room | undefined {
    for (const room of this.rooms) if (room.free.length > 0) return room;
    const lease = this.slab.tryLease(1, 'encryption');
    if (lease === undefined) return undefined;
    const stateBytes = Rc4States.bytesFor(1, bench);
    const start = Math.ceil(lease.offset / ALIGNMENT) * ALIGNMENT;
    const capacity = Math.floor((lease.offset + SLOT_BYTES - start) / stateBytes);
    const free = Array.from({ length: capacity }, (_, index) => start + index * stateBytes);
    const room = { lease, capacity, free };
    this.rooms.add(room);
    return room;
  }

  private getBench(): Bench | undefined {
    this.bench ??= this.makeBench();
    return this.bench === false ? undefined : this.bench;
  }

  private makeBench(): Bench | false {
    try {
      const { memory } = this.slab;
      const kernels = loadKernels({ memory, scratchOffset: scratchOffset(this.slab.takeThread()) });
      const states = new Rc4States({ capacity: 0, offset: 0 }, { kernels });
      return { kernels, states, deskAt: kernels.reserve(DESK_BYTES) };
    } catch {
      // Without kernels, or without a thread of the slab that is free, there are no encrypted connections.
      return false;
    }
  }
}

/** RC4 in place: at once for what lies in the slab, over the desk for what does not. */
class SlabCipher implements MseCipher {
  private readonly stream: Rc4Stream;
  private readonly memory: Uint8Array;
  private readonly deskAt: number;
  private onClosed: (() => void) | undefined;

  constructor(stream: Rc4Stream, memory: Uint8Array, deskAt: number, onClosed: () => void) {
    this.stream = stream;
    this.memory = memory;
    this.deskAt = deskAt;
    this.onClosed = onClosed;
  }

  crypt(bytes: Uint8Array, length: number): void {
    if (bytes.buffer === this.memory.buffer) {
      this.stream.crypt(bytes.byteOffset, length);
      return;
    }
    for (let at = 0; at < length; at += DESK_BYTES) {
      const part = bytes.subarray(at, Math.min(length, at + DESK_BYTES));
      this.memory.set(part, this.deskAt);
      this.stream.crypt(this.deskAt, part.length);
      part.set(this.memory.subarray(this.deskAt, this.deskAt + part.length));
    }
  }

  close(): void {
    const { onClosed } = this;
    if (onClosed === undefined) return;
    this.onClosed = undefined;
    this.stream.close();
    onClosed();
  }
}
