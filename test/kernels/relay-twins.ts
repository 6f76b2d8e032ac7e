import { CgoRelayCiphers } from '../../engine/kernels/cgo-relay.ts';
import type { Twin } from '../../engine/kernels/lane-hasher.ts';
import type { KernelFlavour, Kernels } from '../../engine/kernels/module.ts';
import type { RelayCipherKind, RelayCiphers, RelayCiphersOptions } from '../../engine/kernels/relay-cells.ts';
import { LayeredClientCiphers } from '../../engine/kernels/relay-client.ts';
import { Tor1RelayCiphers } from '../../engine/kernels/relay-tor1.ts';
import { FLAVOURS, FREE_START, kernelsOver } from './kernel-memory.ts';

export type Shape = Omit<RelayCiphersOptions, 'offset'>;

/** One implementation: a build of the kernels, and where the key stream of tor1 comes from. */
export interface RelayMaker {
  readonly name: string;
  readonly flavour: KernelFlavour;
  readonly twin: Twin;
}

export const MAKERS: readonly RelayMaker[] = FLAVOURS.flatMap((flavour) =>
  (['native', 'wasm'] as const).map((twin) => ({ name: `${twin}, ${flavour}`, flavour, twin })),
);

/** Ciphers over a memory, and where in it they lie. */
export interface Placed<T> {
  readonly ciphers: T;
  readonly at: number;
  readonly byteLength: number;
}

/** Hands out parts of one memory, from {@link DATA_BYTES} behind its start on. */
export class Places {
  readonly kernels: Kernels;
  readonly #twin: Twin;
  #next: number;

  constructor(maker: RelayMaker, slabBytes = 4 << 20) {
    this.kernels = kernelsOver(maker.flavour, slabBytes);
    this.#twin = maker.twin;
    this.#next = FREE_START + DATA_BYTES;
  }

  relay(kind: RelayCipherKind, shape: Shape): Placed<RelayCiphers> {
    const { kernels } = this;
    const twin = this.#twin;
    if (kind === 'cgo') {
      const at = this.#take(CgoRelayCiphers.bytesFor(shape, { kernels }));
      return this.#placed(new CgoRelayCiphers({ ...shape, offset: at }, { kernels, stream: twin }), at);
    }
    const at = this.#take(Tor1RelayCiphers.bytesFor(shape, { kernels, twin }));
    return this.#placed(new Tor1RelayCiphers({ ...shape, offset: at }, { kernels, twin }), at);
  }

  client(shape: Shape): Placed<LayeredClientCiphers> {
    const { kernels } = this;
    const twin = this.#twin;
    const at = this.#take(LayeredClientCiphers.bytesFor(shape, { kernels, twin }));
    return this.#placed(new LayeredClientCiphers({ ...shape, offset: at }, { kernels, twin }), at);
  }

  #take(byteLength: number): number {
    const at = this.#next;
    this.#next += byteLength;
    return at;
  }

  #placed<T>(ciphers: T, at: number): Placed<T> {
    return { ciphers, at, byteLength: this.#next - at };
  }
}

/** Where tests put cells. */
export const DATA_BYTES = 1 << 18;
