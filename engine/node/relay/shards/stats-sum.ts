import { RelayCounters } from '../../../onion/relay/counters.ts';
import type { RelayStats } from '../../../onion/relay/stats.ts';
import { DNS_OUTCOMES, type DnsOutcome } from '../name-resolver.ts';
import type { ShardReport, Traffic } from './messages.ts';

/** Adds reports up; one of nothing when there are none. */
export function sumReports(reports: readonly ShardReport[]): ShardReport {
  const total = (of: (report: ShardReport) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0);
  return {
    stats: sumStats(reports.map(({ stats }) => stats)),
    traffic: sumTraffic(reports.map(({ traffic }) => traffic)),
    dns: Object.fromEntries(DNS_OUTCOMES.map((name) => [name, total(({ dns }) => dns[name])])) as Record<
      DnsOutcome,
      number
    >,
    dnsRemembered: total((report) => report.dnsRemembered),
  };
}

/** Adds up what several have moved. */
export function sumTraffic(all: readonly Traffic[]): Traffic {
  const total = (of: keyof Traffic): number => all.reduce((sum, one) => sum + one[of], 0);
  return {
    receivedBytes: total('receivedBytes'),
    sentBytes: total('sentBytes'),
    heldReads: total('heldReads'),
    heldWrites: total('heldWrites'),
  };
}

/** The last report of a shard that is gone: what it has done stays, what it was doing is over. */
export function farewell(report: ShardReport): ShardReport {
  const { stats } = report;
  return {
    ...report,
    dnsRemembered: 0,
    stats: {
      ...stats,
      channels: 0,
      circuits: 0,
      streams: 0,
      dials: 0,
      handshakesWaiting: 0,
      queuedBytes: 0,
      isUnderMemoryPressure: false,
      slabSlotsUsed: 0,
      slabSlots: 0,
    },
  };
}

/** Adds the figures of several data planes up. */
export function sumStats(all: readonly RelayStats[]): RelayStats {
  const total = (of: (stats: RelayStats) => number): number => all.reduce((sum, stats) => sum + of(stats), 0);
  return {
    channels: total((one) => one.channels),
    circuits: total((one) => one.circuits),
    streams: total((one) => one.streams),
    dials: total((one) => one.dials),
    handshakesWaiting: total((one) => one.handshakesWaiting),
    queuedBytes: total((one) => one.queuedBytes),
    isUnderMemoryPressure: all.some((one) => one.isUnderMemoryPressure),
    slabSlotsUsed: total((one) => one.slabSlotsUsed),
    slabSlots: total((one) => one.slabSlots),
    dos: {
      circuitsRefused: total((one) => one.dos.circuitsRefused),
      connectionsRefused: total((one) => one.dos.connectionsRefused),
      addressesMarked: total((one) => one.dos.addressesMarked),
    },
    links: {
      opened: total(({ links }) => links.opened),
      faults: sumMaps(all.map(({ links }) => links.faults)),
      paddingSent: total(({ links }) => links.paddingSent),
      paddingReceived: total(({ links }) => links.paddingReceived),
      unknownCells: total(({ links }) => links.unknownCells),
    },
    counters: sumCounters(all.map(({ counters }) => counters)),
  };
}

/** Field by field, whatever fields there are: a new counter is summed like the others. */
function sumCounters(all: readonly RelayCounters[]): RelayCounters {
  const sum = new RelayCounters();
  for (const counters of all) addInto(sum, counters);
  return sum;
}

function addInto(sum: object, more: object): void {
  const target = sum as Record<string, unknown>;
  for (const [name, value] of Object.entries(more)) {
    const before = target[name];
    if (typeof value === 'number') target[name] = (typeof before === 'number' ? before : 0) + value;
    else if (value instanceof Map) addMap(before as Map<string, number>, value as Map<string, number>);
    else if (typeof value === 'object' && value !== null) addInto(before as object, value);
  }
}

function addMap<Name>(sum: Map<Name, number>, more: ReadonlyMap<Name, number>): void {
  for (const [name, count] of more) sum.set(name, (sum.get(name) ?? 0) + count);
}

function sumMaps<Name>(maps: readonly ReadonlyMap<Name, number>[]): Map<Name, number> {
  const sum = new Map<Name, number>();
  for (const map of maps) addMap(sum, map);
  return sum;
}
