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
  /** Adds its cases; what it returns is called when they have run. */
  readonly add: (bench: Bench) => Promise<(() => Promise<void>) | undefined>;
}

/** Cases that take a good part of a second each. */
const LONG: SuiteOptions = { timeMs: 1500, iterations: 5, warmupIterations: 1 };

/** Every file of micro benchmarks. Each is loaded only when it is run. */
export const SUITES: readonly Suite[] = [
  {
    name: 'kernels/crypto',
    title: 'Kernels',
    about:
      'Each kernel beside what one would do without it. The command “allium bench kernels” measures them in pairs.',
    add: async (bench) => {
      const [{ cellContests }, { rc4Contest }, { xorContest }, { leafContest, pieceContest }] =
        await Promise.all([
          import('../kernels/cells.ts'),
          import('../kernels/rc4.ts'),
          import('../kernels/xor.ts'),
          import('../kernels/hashes.ts'),
        ]);
      const leaves = await leafContest();
      const contests = [
        pieceContest('sha1', 'SHA-1, 4 pieces of 64 KiB', 1),
        pieceContest('sha256', 'SHA-256, 4 pieces of 64 KiB', 1),
        ...(leaves === undefined ? [] : [leaves]),
        ...[...cellContests(), rc4Contest(), xorContest()],
      ];
      for (const { what, choice, ours, rival } of contests) {
        bench.add(`${what}: Allium, ${choice}`, ours);
        // Two of ours may be held against the same thing.
        const other = `${what}: without`;
        if (bench.getTask(other) === undefined) bench.add(other, rival);
      }
      return undefined;
    },
  },
  {
    name: 'kernels/pool',
    title: 'Worker pool and slab',
    about: 'What a trip to a worker costs, how much the workers hash, what a lease of memory costs.',
    add: async (bench) => (await import('../kernels/pool.bench.ts')).addPoolCases(bench),
  },
  {
    name: 'codec',
    title: 'Codec',
    about: 'Reading and writing torrent files.',
    add: async (bench) => {
      (await import('../codec.bench.ts')).addCodecCases(bench);
      return undefined;
    },
  },
  {
    name: 'wire',
    title: 'Wire',
    about: 'Reading and writing the messages of the peer protocol, 1,000 at a time.',
    add: async (bench) => {
      (await import('../wire.bench.ts')).addWireCases(bench);
      return undefined;
    },
  },
  {
    name: 'picker',
    title: 'Picker',
    about: 'Choosing what to ask for among 50,000 pieces and 200 peers.',
    add: async (bench) => {
      (await import('../picker.bench.ts')).addPickerCases(bench);
      return undefined;
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
      return undefined;
    },
  },
];
