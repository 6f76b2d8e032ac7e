/**
 * Aim: the metrics page is what Prometheus reads, its labels are of fixed sets whatever strangers do, it is for this
 * machine only; names are looked up with a bound on what is remembered; what a relay remembers survives damage.
 */
import { get } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { METRICS_CONNECTIONS_MAX, MetricsServer } from '../../../engine/node/metrics/metrics-server.ts';
import { heartbeatFields } from '../../../engine/node/relay/heartbeat.ts';
import { KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { type MetricsView, metricsText } from '../../../engine/node/relay/metrics.ts';
import { NameResolver, RESOLVER_DEFAULTS } from '../../../engine/node/relay/name-resolver.ts';
import { readRelayState, writeRelayState } from '../../../engine/node/relay/relay-state.ts';
import { createLinkStats } from '../../../engine/onion/link/stats.ts';
import { RelayCounters } from '../../../engine/onion/relay/counters.ts';
import { Resolver as NameServer } from '../../interop/support/tor/resolver.ts';
import { ManualClock } from './support/manual-clock.ts';
import { relayFolder } from './support/relay-folder.ts';

const metrics = suite('metrics of a relay');

function view(): MetricsView {
  const counters = new RelayCounters();
  counters.handshakes.ntor3 = 7;
  counters.handshakesDropped.ntor = 2;
  counters.fault('unknown-stream');
  counters.refuse('exit-policy');
  return {
    relay: {
      channels: 3,
      circuits: 4,
      streams: 5,
      dials: 0,
      handshakesWaiting: 1,
      queuedBytes: 514,
      isUnderMemoryPressure: false,
      slabSlotsUsed: 10,
      slabSlots: 100,
      dos: { circuitsRefused: 1, connectionsRefused: 2, addressesMarked: 3 },
      links: createLinkStats(),
      counters,
    },
    version: '0.1.0',
    uptimeSeconds: 60,
    residentBytes: 1000,
    receivedBytes: 11,
    sentBytes: 12,
    heldReads: 0,
    heldWrites: 0,
    observedBytesPerSec: 99,
    dns: { found: 1, 'not-found': 2, refused: 3, failed: 4, timeout: 5 },
    dnsRemembered: 6,
    overload: { memory: 0, handshakes: 3, dns: 0 },
    uploads: { pending: 0, accepted: 2, rejected: 1, unreachable: 0 },
    directoryAnswers: { 200: 8, 404: 1 },
    consensusValidAfter: undefined,
    consensusRelays: 0,
    microdescriptorsMissing: 0,
    isListed: undefined,
    keyExpiry: { signing: 1, onion: 2, link: 3 },
    isHibernating: false,
  };
}

metrics('every line is a comment or a sample, every family is announced once, and is there', () => {
  const text = metricsText(view());
  const names = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# TYPE ')) {
      const name = line.split(' ')[2] ?? '';
      assert.not.ok(names.has(name), name);
      names.add(name);
    } else if (!line.startsWith('# HELP ')) {
      const sample =
        /^(allium_relay_[a-z_]+)(?:\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? -?[\d.e+]+$/.exec(line);
      assert.ok(sample !== null && names.has(sample[1] ?? ''), line);
    }
  }
  for (const line of [
    'handshakes_total{type="ntor3",outcome="done"} 7',
    'handshakes_total{type="ntor",outcome="dropped"} 2',
    'faults_total{fault="unknown-stream"} 1',
    'refusals_total{reason="exit-policy"} 1',
    'dns_lookups_total{outcome="timeout"} 5',
    'overload_seconds_total{reason="handshakes"} 3',
    'queue_bytes 514',
    'key_expiry_timestamp_seconds{key="signing"} 1',
    'authorities{state="rejected"} 1',
    'traffic_bytes_total{direction="received"} 11',
    'connections 3',
  ]) {
    assert.ok(text.includes(`\nallium_relay_${line}\n`), line);
  }
  assert.ok(metricsText({ ...view(), relay: undefined }).length > 500, 'also while it sleeps');
});

metrics('the heartbeat says whether the relay is of use and what is wrong', () => {
  const fields = heartbeatFields(view());
  assert.is(fields['listed'], 'no consensus');
  assert.is(fields['handshakes'], 7);
  assert.is(fields['overloaded'], 'handshakes 3 s');
});

function fetched(port: number, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
  });
}

metrics('the page is there, and nothing else, and only under the names of this machine', async () => {
  const server = await MetricsServer.start({ host: '127.0.0.1', port: 0 }, { text: () => 'a 1\n' });
  try {
    assert.equal(await fetched(server.port, '/metrics'), { status: 200, body: 'a 1\n' });
    assert.is((await fetched(server.port, '/metrics?x=1')).status, 200);
    assert.is((await fetched(server.port, '/')).status, 404);
    assert.is((await fetched(server.port, '/metrics', {}, 'POST')).status, 405);
    assert.is((await fetched(server.port, '/metrics', { Host: 'evil.example' })).status, 403);
    const error = await MetricsServer.start(
      { host: '127.0.0.1', port: server.port },
      { text: () => '' },
    ).then(
      () => undefined,
      (reason: { code: string }) => reason,
    );
    assert.is(error?.code, 'ADDRESS_IN_USE');
  } finally {
    await server.close();
  }
});

metrics('more connections than there may be are closed at once', async () => {
  const server = await MetricsServer.start({ host: '127.0.0.1', port: 0 }, { text: () => 'a 1\n' });
  const sockets = Array.from({ length: METRICS_CONNECTIONS_MAX + 4 }, () =>
    connect(server.port, '127.0.0.1'),
  );
  try {
    let closed = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('error', () => {});
        socket.on('close', () => {
          closed += 1;
          if (closed === 4) resolve();
        });
      }
    });
    sockets.find((socket) => !socket.destroyed)?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.is(
      (await fetched(server.port, '/metrics')).status,
      200,
      'and there is room again when one has gone',
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
});

metrics('names are looked up, remembered for a while and up to a bound, and failures counted', async () => {
  const nameServer = await NameServer.start();
  const clock = new ManualClock();
  const nameServers = [{ host: '127.0.0.1', port: nameServer.port }];
  const resolver = new NameResolver({ ...RESOLVER_DEFAULTS, nameServers, entriesMax: 3 }, { clock });
  try {
    const [first] = await resolver.addresses('Some.Name.test');
    assert.equal(first, { kind: 'ipv4', value: '127.0.0.1', ttlSec: 60 });
    await Promise.all([resolver.addresses('some.name.test.'), resolver.addresses('SOME.name.test')]);
    assert.is(nameServer.names.length, 1, 'remembered');
    clock.advance(61_000);
    await Promise.all([resolver.addresses('some.name.test'), resolver.addresses('some.name.test')]);
    assert.is(nameServer.names.length, 2, 'asked again, and once for both');
    assert.equal(await resolver.addresses('gone.nx'), [{ kind: 'error', value: '', ttlSec: 60 }]);
    for (const name of ['a.test', 'b.test', 'c.test', 'd.test']) await resolver.addresses(name);
    assert.is(resolver.remembered, 3);
    assert.equal(await resolver.addresses('192.0.2.7'), [{ kind: 'ipv4', value: '192.0.2.7', ttlSec: 60 }]);
    assert.is(resolver.outcomes['not-found'], 1);
    assert.is(resolver.outcomes.found, 6);
  } finally {
    resolver.close();
    await nameServer.stop();
  }
});

metrics(
  'a name server that does not answer gives a failure that may pass, which is not remembered',
  async () => {
    const nameServer = await NameServer.start();
    const { port } = nameServer;
    await nameServer.stop();
    const options = {
      ...RESOLVER_DEFAULTS,
      nameServers: [{ host: '127.0.0.1', port }],
      timeoutMs: 100,
      tries: 1,
    };
    const resolver = new NameResolver(options, { clock: new ManualClock() });
    assert.is((await resolver.addresses('a.test'))[0]?.kind, 'error-transient');
    assert.is(resolver.remembered, 0);
    assert.is(resolver.outcomes.refused + resolver.outcomes.timeout + resolver.outcomes.failed, 1);
  },
);

metrics('what a relay remembers comes back; damage is told and costs only that', () => {
  const folder = KeyFolder.open(relayFolder());
  assert.equal(readRelayState(folder), { state: {}, isDamaged: false });
  const accounting = { periodStartMs: 1, wakeMs: 2, inBytes: 3, outBytes: 4 };
  writeRelayState(folder, { accounting });
  assert.equal(readRelayState(folder), { state: { accounting }, isDamaged: false });
  for (const text of ['', '{', '{"version":2}', '{"version":1,"accounting":{"inBytes":"x"}}']) {
    folder.write('state.json', text);
    assert.equal(readRelayState(folder), { state: {}, isDamaged: true }, text);
  }
});

metrics.run();
