import { treeMemory } from '../support/proc.ts';
import { BULK_COLUMNS, bulkEntry } from './bulk.ts';
import { type Carrier, confluxCarrier, type Path, torCarrier } from './carriers.ts';
import {
  alliumBuilder,
  CIRCUIT_COLUMNS,
  type CircuitBuilder,
  type CircuitOrder,
  circuitRun,
  torBuilder,
} from './circuit-runs.ts';
import { ALLIUM_PATH, type Context, MIXED_PATH, TOR_PATH } from './context.ts';
import { residentBytes } from './meter.ts';
import type { Scheduler } from './network.ts';
import { type ContestFacts, type Entry, takeTurns } from './turns.ts';
import type { FigureColumn, SectionName, Side } from './types.ts';

const TOR = { program: 'C tor', side: 'rival' } as const;
const MANY_CIRCUITS = 50;
const RELAY_CIRCUITS = 16;
const IN_A_ROW: CircuitOrder = { count: 60, inFlight: 1 };
const IN_FLIGHT: CircuitOrder = { count: 256, inFlight: 64 };
/** Built before anything is measured: what is compiled as it runs has been compiled then. */
const WARM_ROUNDS = 8;

/** What each part of the comparison does. */
export const RUN_SECTION: Readonly<Record<SectionName, (context: Context) => Promise<void>>> = {
  stream: (context) => bulkContest(context, 'stream', 'One stream through three relays', 1, true),
  four: (context) => bulkContest(context, 'four', 'Four streams on four circuits', 4, false),
  fifty: (context) =>
    bulkContest(
      context,
      'fifty',
      `${MANY_CIRCUITS} streams on ${MANY_CIRCUITS} circuits`,
      MANY_CIRCUITS,
      false,
    ),
  middle: runMiddle,
  relay: runRelay,
  circuits: runCircuits,
  memory: runMemory,
};

type BulkFacts = Pick<ContestFacts, 'columns' | 'headline' | 'isMoreBetter'>;
const BULK: BulkFacts = { columns: BULK_COLUMNS, headline: 'rate', isMoreBetter: true };

async function bulkContest(
  context: Context,
  section: SectionName,
  title: string,
  count: number,
  hasConflux: boolean,
): Promise<void> {
  const { network, options, allium } = context;
  const carriers: readonly Carrier[] = [
    ...(allium === undefined ? [] : [await allium.carrier(), await allium.carrier('AES-CTR, no CGO')]),
    torCarrier(network, TOR_PATH, 'as it comes', TOR),
    ...(hasConflux ? [confluxCarrier(network)] : []),
    torCarrier(network, TOR_PATH, 'Vanilla', TOR),
  ];
  const about = `Client, three relays, source and sink share the machine; ${megabytes(options.sizeBytes)} for each run, a third of it where C tor sends as it comes; every byte compared.`;
  const entries = carriers.map((carrier) => bulkEntry(carrier, count, options.sizeBytes, network));
  await takeTurns({ id: section, section, title, about, ...BULK }, entries, options.runs, context);
}

/** One relay of Allium in the place of one of C tor, with both of C tor's ways to send. */
async function runMiddle(context: Context): Promise<void> {
  for (const scheduler of ['as it comes', 'Vanilla'] as const) {
    const facts = {
      id: `middle.${scheduler === 'Vanilla' ? 'vanilla' : 'default'}`,
      section: 'middle' as const,
      title: `One stream through C tor relays, the middle one replaced, ${scheduler === 'Vanilla' ? 'Schedulers Vanilla' : 'as it comes'}`,
      about: 'Client, first and last relay are C tor; only the middle relay differs.',
    };
    await takeTurns(
      { ...facts, ...BULK },
      middleEntries(context, scheduler, 1),
      context.options.runs,
      context,
    );
  }
}

/** What one relay process can do: its own processor time while much goes through it. */
async function runRelay(context: Context): Promise<void> {
  const perCore: FigureColumn = { key: 'perCore', title: 'MB/s and core', digits: 0, unit: 1e6 };
  const facts: ContestFacts = {
    ...{ id: 'relay', section: 'relay', title: `One relay process under ${RELAY_CIRCUITS} circuits` },
    about:
      'The middle relay among C tor relays with Schedulers Vanilla. MB/s and core: bytes by the processor time of this one process, what it would move with a core to itself.',
    columns: [perCore, ...BULK_COLUMNS],
    ...{ headline: 'perCore', isMoreBetter: true },
  };
  const entries = middleEntries(context, 'Vanilla', RELAY_CIRCUITS).map((entry): Entry => {
    const run = async (): ReturnType<Entry['run']> => {
      const figures = await entry.run();
      return { ...figures, perCore: 1e9 / (figures['cpuPerGb.middle'] ?? Number.NaN) };
    };
    return { ...entry, run };
  });
  await takeTurns(facts, entries, context.options.runs, context);
}

function middleEntries(context: Context, scheduler: Scheduler, count: number): readonly Entry[] {
  const { network, options, allium } = context;
  const carrier = (path: Path, program: string, side: Side): Carrier => ({
    ...torCarrier(network, path, scheduler, { program, side }),
    setting: '',
  });
  const carriers = [
    ...(allium === undefined ? [] : [carrier(MIXED_PATH, 'Allium relay', 'allium')]),
    carrier(TOR_PATH, 'C tor relay', 'rival'),
  ];
  return carriers.map((each) => bulkEntry(each, count, options.sizeBytes, network));
}

async function runCircuits(context: Context): Promise<void> {
  const { network, allium, options } = context;
  await network.schedule('as it comes');
  const paths = [TOR_PATH, ALLIUM_PATH];
  const tor = await torBuilder(network);
  const own = allium === undefined ? undefined : await alliumBuilder(network, paths);
  try {
    const entries = (order: CircuitOrder): readonly Entry[] => {
      const entry = (program: string, side: Side, builder: CircuitBuilder, path: Path): Entry => ({
        ...{ program, side, setting: '' },
        run: () => circuitRun(builder, path, order, network),
      });
      const mixed =
        own === undefined
          ? []
          : [
              entry('Allium', 'allium', own, ALLIUM_PATH),
              entry('Allium’s client, C tor relays', 'rival', own, TOR_PATH),
              entry('C tor client, Allium’s relays', 'rival', tor, ALLIUM_PATH),
            ];
      return [...mixed, entry('C tor', 'rival', tor, TOR_PATH)];
    };
    const about = `Three hops; the links between the relays are there before the clock runs, and ${WARM_ROUNDS * IN_FLIGHT.count} circuits have been built by each contestant.`;
    for (const { run } of entries(IN_FLIGHT)) for (let i = 0; i < WARM_ROUNDS; i += 1) await run();
    const columns = CIRCUIT_COLUMNS;
    const row = { id: 'circuits.row', section: 'circuits', title: 'Circuits, one after another' } as const;
    const flight = { id: 'circuits.flight', section: 'circuits', title: 'Circuits, 64 in flight' } as const;
    await takeTurns(
      { ...row, about, columns, headline: 'p50Ms', isMoreBetter: false },
      entries(IN_A_ROW),
      options.runs,
      context,
    );
    await takeTurns(
      { ...flight, about, columns, headline: 'perSec', isMoreBetter: true },
      entries(IN_FLIGHT),
      options.runs,
      context,
    );
  } finally {
    tor.end();
    own?.end();
  }
}

/** Resident memory before and after what the run has done; to be the last. */
async function runMemory(context: Context): Promise<void> {
  const { network, allium, idle, options } = context;
  const mebibytes = (key: string, title: string): FigureColumn => ({ key, title, digits: 0, unit: 2 ** 20 });
  const facts: ContestFacts = {
    ...{ id: 'memory', section: 'memory', title: 'Resident memory of one process' },
    about: `Before anything was asked of it, after ${MANY_CIRCUITS} circuits at once and what else the run did, and the most there was since the last contest began.`,
    columns: [mebibytes('idle', 'idle MiB'), mebibytes('after', 'after MiB'), mebibytes('peak', 'peak MiB')],
    ...{ headline: 'after', isMoreBetter: false },
  };
  const loads = [
    torCarrier(network, TOR_PATH, 'Vanilla', TOR),
    ...(allium === undefined ? [] : [await allium.carrier()]),
  ];
  for (const carrier of loads) await bulkEntry(carrier, MANY_CIRCUITS, options.sizeBytes, network).run();
  const entry = (program: string, side: Side, name: string, pid: number): Entry => ({
    ...{ program, side, setting: '' },
    run: async () => ({
      idle: idle.get(name) ?? Number.NaN,
      after: residentBytes(pid),
      peak: treeMemory(pid).peakBytes,
    }),
  });
  const own =
    allium === undefined
      ? []
      : [
          entry('Allium relay', 'allium', 'allium2', network.pid('allium2')),
          entry('Allium client', 'allium', 'client', (await allium.client()).daemon.pid),
        ];
  const entries = [
    ...own,
    entry('C tor relay', 'rival', 'exit2', network.pid('exit2')),
    entry('C tor client', 'rival', 'client1', network.pid('client1')),
  ];
  await takeTurns(facts, entries, 1, context);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
