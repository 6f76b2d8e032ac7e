import type { Bench } from 'tinybench';

/** What a suite wants to be run with; tinybench's words. */
export interface SuiteOptions {
  /** Per case, at least. */
  readonly timeMs: number;
  readonly iterations: number;
  readonly warmupIterations: number;
}

/** A file of micro benchmarks. */
export interface Suite {
  /** Path below bench/ without the ending. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly options?: SuiteOptions;
  /** Adds its cases. */
  readonly add: (bench: Bench) => Promise<AddedCases>;
}

/** What a suite has to say about the cases it added. */
export interface AddedCases {
  /** Payload bytes of one call, by the name of the case. */
  readonly bytesOf?: ReadonlyMap<string, number>;
  /** Called when all have run. */
  readonly close?: () => Promise<void>;
}

/** Cases that take a good part of a second each. */
const LONG: SuiteOptions = { timeMs: 1500, iterations: 5, warmupIterations: 1 };

/** Every file of micro benchmarks. Each is loaded only when it is run. */
export const SUITES: readonly Suite[] = [
  {
    name: 'kernels/hash',
    title: 'Kernels: hashes and cells',
    about:
      'Every operation in the shapes it really has: WebAssembly with SIMD, without, and the native twin.',
    add: async (bench) => ({ bytesOf: (await import('../kernels/hash.bench.ts')).addHashCases(bench) }),
  },
  {
    name: 'kernels/ciphers',
    title: 'Kernels: ciphers and identifiers',
    about:
      'Beside what one would do without them. The command “allium bench kernels” measures them in pairs.',
    add: async (bench) => {
      (await import('../kernels/ciphers.bench.ts')).addCipherCases(bench);
      return {};
    },
  },
  {
    name: 'kernels/pool',
    title: 'Worker pool and slab',
    about: 'What a trip to a worker costs, how much the workers hash, what a lease of memory costs.',
    add: async (bench) => ({ close: await (await import('../kernels/pool.bench.ts')).addPoolCases(bench) }),
  },
  {
    name: 'codec',
    title: 'Codec',
    about: 'Reading and writing torrent files.',
    add: async (bench) => {
      (await import('../codec.bench.ts')).addCodecCases(bench);
      return {};
    },
  },
  {
    name: 'wire',
    title: 'Wire',
    about: 'Reading and writing the messages of the peer protocol, 1,000 at a time.',
    add: async (bench) => {
      (await import('../wire.bench.ts')).addWireCases(bench);
      return {};
    },
  },
  {
    name: 'picker',
    title: 'Picker',
    about: 'Choosing what to ask for among 50,000 pieces and 200 peers.',
    add: async (bench) => {
      (await import('../picker.bench.ts')).addPickerCases(bench);
      return {};
    },
  },
  {
    name: 'runtime',
    title: 'Runtime',
    about: 'Moving 512 MiB from one socket to another in one event loop: bare, through the port, simulated.',
    options: LONG,
    add: async (bench) => {
      const { PUMP_CASES } = await import('../runtime.bench.ts');
      for (const [name, run] of Object.entries(PUMP_CASES)) bench.add(name, async () => void (await run()));
      return {};
    },
  },
];
