/**
 * Aim: the private C tor network that other interop tests talk to works by itself, so that a failure elsewhere points at
 * Allium: it starts, its relays are in a consensus, a client downloads through it along paths of its own and of our
 * choice with the right checksum, and after stop() nothing of it is left. All of it on 127.0.0.1.
 *
 * Runs alone.
 */
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { interopSuite } from './support/peers.ts';
import { contentSha256 } from './support/tor/content.ts';
import { fetchThrough } from './support/tor/download.ts';
import { checkContent, type TorNetwork } from './support/tor/network.ts';
import { listens } from './support/tor/ports.ts';
import { startTorNetwork } from './support/tor/start.ts';
import { streamsAtOnce, throughEachPosition } from './support/tor/trials.ts';

const tor = interopSuite('a private C tor network', ['tor', 'tor-gencert']);
const DOWNLOAD_BYTES = 5_000_000;

let network: TorNetwork;
let fingerprints: readonly string[];

// Not in a hook: what a hook throws is not shown.
tor('starts', async () => {
  network = await startTorNetwork({
    authorities: 3,
    relays: 1,
    exits: 2,
    clients: 1,
    consensusParams: { cc_alg: 2 },
    // A relay that comes by itself, as those of other makes do.
    onAuthorities: async (network) => [(await network.launch('exit', 'guest1')).fingerprint],
    onProgress: (what, elapsedMs) => process.stdout.write(`${(elapsedMs / 1000).toFixed(1)} s  ${what}\n`),
  });
  fingerprints = ['relay1', 'exit1', 'exit2'].map((name) => network.node(name).fingerprint);
});

tor('has a consensus of all authorities with the flags that paths need', async () => {
  const consensus = await network.consensus();
  assert.is(consensus?.relays.length, 7);
  assert.ok((consensus?.signatureCount ?? 0) >= 2, 'signed by a majority');
  assert.is(consensus?.params.get('cc_alg'), 2);
  for (const node of [...network.ofRole('relay'), ...network.ofRole('exit')]) {
    const relay = await network.waitForRelay(node.fingerprint, ['Running', 'Valid', 'Fast', 'Guard']);
    assert.is(relay.orPort, node.orPort);
    assert.is(relay.flags.includes('Exit'), node.role === 'exit', node.name);
    const descriptor = await network.directory(`/tor/server/fp/${node.fingerprint}`);
    assert.match(descriptor ?? '', `master-key-ed25519 ${node.ed25519}`);
  }
});

tor('lets a client download where it likes', async () => {
  checkContent(await network.fetch(`/bytes/${DOWNLOAD_BYTES}`), DOWNLOAD_BYTES);
});

tor('lets a client download along a given path', async () => {
  const { circuit, fetched } = await network.pathThrough(fingerprints, DOWNLOAD_BYTES);
  assert.is(fetched.sha256, contentSha256(DOWNLOAD_BYTES));
  const { events } = await network.circuits();
  const built = events.find((line) => line.startsWith(`CIRC ${circuit.id} BUILT `)) ?? '';
  const hops = [...built.matchAll(/\$([0-9A-F]{40})/g)].map(([, fingerprint]) => fingerprint);
  assert.equal(hops, fingerprints);
  assert.ok(
    events.some((line) => new RegExp(`^STREAM \\d+ SUCCEEDED ${circuit.id} `).test(line)),
    'the stream was on this circuit',
  );
});

tor('lets a client upload', async () => {
  const circuits = await network.circuits();
  const circuit = await circuits.open(fingerprints);
  const sent = await network.fetchOn(circuit, '/sink', { uploadByteLength: 500_000 });
  assert.equal(JSON.parse(sent.text), { byteLength: 500_000, sha256: contentSha256(500_000) });
  assert.is(circuits.status(circuit), 'BUILT');
  await circuits.close(circuit);
});

tor('puts a relay that came by itself in each of the three positions', async () => {
  const { fingerprint } = network.node('guest1');
  const runs = await throughEachPosition(network, fingerprint, { byteLength: 300_000 });
  const places = [...runs.values()].map(({ circuit }) => circuit.path.indexOf(fingerprint));
  assert.equal(places, [0, 1, 2]);
  for (const { circuit } of runs.values()) assert.is(new Set(circuit.path).size, 3);
});

tor('carries four streams of one circuit, two of which are given up', async () => {
  await streamsAtOnce(network, fingerprints, { byteLength: 1_000_000, count: 4 });
});

tor('resolves names on the loopback only', async () => {
  const url = `http://some.name.test:${network.origin.port}/bytes/10`;
  checkContent(await fetchThrough(network.node('client1').socksPort ?? 0, url), 10);
  assert.ok(network.resolver.names.includes('some.name.test'));
});

tor('says why a path cannot be', async () => {
  const circuits = await network.circuits();
  const gone = network.node('relay1');
  await gone.program.stop('SIGKILL');
  await circuits.open([fingerprints[1] ?? '', gone.fingerprint, fingerprints[2] ?? '']).then(
    () => assert.unreachable('built through a dead relay'),
    (error: Error) => assert.match(error.message, /REASON=/),
  );
});

tor('is gone after stop()', async () => {
  const { nodes, origin } = network;
  await network.stop();
  for (const { pid, name } of nodes) {
    assert.not.ok(pid > 0 && existsSync(`/proc/${pid}`), `${name} still runs`);
  }
  for (const port of nodes.flatMap((node) => [node.orPort ?? node.controlPort, node.controlPort])) {
    assert.is(await listens(port), false, `port ${port}`);
  }
  assert.is(await listens(origin.port), false);
});

tor.run();
