import type { RelayStats } from '../../onion/relay/stats.ts';
import { metricsWriter, NO_LABELS, type Sample } from '../metrics/metrics-text.ts';
import { DNS_OUTCOMES, type DnsOutcome } from './name-resolver.ts';
import { OVERLOAD_REASONS, type OverloadReason } from './overload.ts';
import { UPLOAD_STATES, type UploadState } from './publisher.ts';

/** All that the metrics page shows; every set of labels is one of a fixed list of names. */
export interface MetricsView {
  /** Undefined while the relay sleeps. */
  readonly relay: RelayStats | undefined;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly heldReads: number;
  readonly heldWrites: number;
  readonly observedBytesPerSec: number;
  readonly dns: Readonly<Record<DnsOutcome, number>>;
  readonly dnsRemembered: number;
  readonly overload: Readonly<Record<OverloadReason, number>>;
  readonly uploads: Readonly<Record<UploadState, number>>;
  readonly directoryAnswers: Readonly<Record<number, number>>;
  /** Unix seconds; undefined: there is none. */
  readonly consensusValidAfter: number | undefined;
  readonly consensusRelays: number;
  readonly microdescriptorsMissing: number;
  readonly isListed: boolean | undefined;
  /** Unix seconds, by key. */
  readonly keyExpiry: Readonly<Record<'signing' | 'onion' | 'link', number>>;
  readonly isHibernating: boolean;
}

const { counter, gauge } = metricsWriter('allium_relay_');

/** The page in the text format of Prometheus 0.0.4. */
export function metricsText(view: MetricsView): string {
  return [
    ...processMetrics(view),
    ...directoryMetrics(view),
    ...(view.relay === undefined ? [] : relayMetrics(view.relay)),
  ].join('');
}

function processMetrics(view: MetricsView): string[] {
  const { dns, overload } = view;
  return [
    gauge('build_info', 'Always 1.', [[{ version: view.version }, 1]]),
    gauge('uptime_seconds', 'Since the start.', [[NO_LABELS, view.uptimeSeconds]]),
    gauge('resident_memory_bytes', 'Memory of the process.', [[NO_LABELS, view.residentBytes]]),
    counter('traffic_bytes_total', 'Bytes moved on all connections.', [
      [{ direction: 'received' }, view.receivedBytes],
      [{ direction: 'sent' }, view.sentBytes],
    ]),
    counter('rate_limited_total', 'Times that a connection had to wait for the rate limit.', [
      [{ direction: 'received' }, view.heldReads],
      [{ direction: 'sent' }, view.heldWrites],
    ]),
    gauge('observed_bandwidth_bytes', 'Bytes per second, as the descriptor says.', [
      [NO_LABELS, view.observedBytesPerSec],
    ]),
    counter(
      'dns_lookups_total',
      'Lookups for exit streams by outcome.',
      DNS_OUTCOMES.map((outcome) => [{ outcome }, dns[outcome]]),
    ),
    gauge('dns_remembered', 'Answers remembered.', [[NO_LABELS, view.dnsRemembered]]),
    counter(
      'overload_seconds_total',
      'Seconds in which the relay could not keep up, by reason.',
      OVERLOAD_REASONS.map((reason) => [{ reason }, overload[reason]]),
    ),
    gauge('hibernating', '1 while accounting keeps the relay from working.', [
      [NO_LABELS, view.isHibernating ? 1 : 0],
    ]),
    gauge(
      'key_expiry_timestamp_seconds',
      'When a key has to be renewed.',
      Object.entries(view.keyExpiry).map(([key, at]) => [{ key }, at]),
    ),
  ];
}

function directoryMetrics(view: MetricsView): string[] {
  return [
    gauge(
      'authorities',
      'Authorities by how they stand to the newest descriptor.',
      UPLOAD_STATES.map((state) => [{ state }, view.uploads[state]]),
    ),
    counter(
      'directory_answers_total',
      'Answers over BEGIN_DIR by status.',
      Object.entries(view.directoryAnswers).map(([status, count]) => [{ status }, count]),
    ),
    gauge('consensus_valid_after_timestamp_seconds', 'Of the consensus in use; 0: none.', [
      [NO_LABELS, view.consensusValidAfter ?? 0],
    ]),
    gauge('consensus_relays', 'Relays in it.', [[NO_LABELS, view.consensusRelays]]),
    gauge('microdescriptors_missing', 'Named by it and not here.', [
      [NO_LABELS, view.microdescriptorsMissing],
    ]),
    gauge('listed', 'Whether it names this relay; -1: there is none.', [
      [NO_LABELS, view.isListed === undefined ? -1 : view.isListed ? 1 : 0],
    ]),
  ];
}

function relayMetrics(relay: RelayStats): string[] {
  const { counters, links, dos } = relay;
  const { handshakes, handshakesDropped } = counters;
  return [
    counter('cells_total', 'Relay cells by what became of them.', [
      [{ kind: 'in' }, counters.cellsIn],
      [{ kind: 'out' }, counters.cellsOut],
      [{ kind: 'passed' }, counters.cellsPassed],
      [{ kind: 'recognised' }, counters.cellsRecognised],
      [{ kind: 'dropped' }, counters.cellsDropped],
      [{ kind: 'originated' }, counters.cellsOriginated],
      [{ kind: 'queued' }, counters.cellsQueued],
    ]),
    counter('control_cells_total', 'Other cells of circuits.', [
      [{ direction: 'in' }, counters.controlIn],
      [{ direction: 'out' }, counters.controlOut],
    ]),
    gauge('connections', 'Links to clients and relays.', [[NO_LABELS, relay.channels]]),
    counter('connections_opened_total', 'Links whose handshake was done.', [[NO_LABELS, links.opened]]),
    counter('connection_faults_total', 'Links that broke a rule.', fromMap('fault', links.faults)),
    gauge('circuits', 'Circuits open now.', [[NO_LABELS, relay.circuits]]),
    counter('circuits_total', 'Circuits made and closed.', [
      [{ event: 'made' }, counters.circuitsMade],
      [{ event: 'closed' }, counters.circuitsClosed],
    ]),
    counter('extends_total', 'Circuits extended to another relay.', [
      [{ outcome: 'done' }, counters.extendsDone],
      [{ outcome: 'failed' }, counters.extendsFailed],
    ]),
    counter('handshakes_total', 'Handshakes of circuits by type.', [
      ...Object.entries(handshakes).map(([type, n]): Sample => [{ type, outcome: 'done' }, n]),
      ...Object.entries(handshakesDropped).map(([type, n]): Sample => [{ type, outcome: 'dropped' }, n]),
    ]),
    counter(
      'handshakes_failed_total',
      'Handshakes that were wrong.',
      fromMap('reason', counters.handshakesFailed),
    ),
    gauge('handshakes_waiting', 'Handshakes in the queue.', [[NO_LABELS, relay.handshakesWaiting]]),
    gauge('streams', 'Streams open now.', [[NO_LABELS, relay.streams]]),
    counter('streams_total', 'Streams asked for.', [
      [{ outcome: 'opened' }, counters.streamsOpened],
      [{ outcome: 'refused' }, counters.streamsRefused],
    ]),
    counter('stream_bytes_total', 'Data of streams.', [
      [{ direction: 'in' }, counters.streamBytesIn],
      [{ direction: 'out' }, counters.streamBytesOut],
    ]),
    counter('faults_total', 'What peers did that they may not.', fromMap('fault', counters.faults)),
    counter(
      'refusals_total',
      'What the relay itself gave up or refused.',
      fromMap('reason', counters.refusals),
    ),
    counter('dos_total', 'Defences against floods.', [
      [{ what: 'circuits-refused' }, dos.circuitsRefused],
      [{ what: 'connections-refused' }, dos.connectionsRefused],
      [{ what: 'addresses-marked' }, dos.addressesMarked],
    ]),
    gauge('queue_bytes', 'Cells and data of streams that wait.', [[NO_LABELS, relay.queuedBytes]]),
    gauge('memory_pressure', '1 while too much waits.', [[NO_LABELS, relay.isUnderMemoryPressure ? 1 : 0]]),
    gauge('slab_slots', 'Slots of 16 KiB for cells.', [
      [{ state: 'used' }, relay.slabSlotsUsed],
      [{ state: 'free' }, relay.slabSlots - relay.slabSlotsUsed],
    ]),
  ];
}

function fromMap(label: string, counts: ReadonlyMap<string, number>): Sample[] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [{ [label]: name }, count]);
}
