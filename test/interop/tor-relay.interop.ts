/**
 * Aim: a C tor network takes `allium relay` for one of its own. An exit and a middle relay of ours get into the
 * consensus with the flags that they are configured for; a C tor client builds circuits through them in each position
 * and gets every byte; four streams at once, half of them closed early, do no harm; when one of ours is killed under its
 * downloads the client hears of it at once and finds ways around it; nothing secret is in a debug log.
 *
 * Runs alone.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { interopSuite } from './support/peers.ts';
import { until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { AlliumRelay } from './support/tor/allium-relay.ts';
import { checkContent, type TorNetwork } from './support/tor/network.ts';
import { startTorNetwork } from './support/tor/start.ts';
import { type Position, pathWith, streamsAtOnce, throughEachPosition } from './support/tor/trials.ts';

const tor = interopSuite('an Allium relay among C tor', ['tor', 'tor-gencert']);
const DOWNLOAD_BYTES = 50_000_000;
/** A download that would take minutes, and when it counts as under way. */
const ENDLESS_BYTES = 10_000_000_000;
const UNDER_WAY_BYTES = 500_000;
/** All that are left of these circuits are C tor's. Mostly they notice at once, now and then after most of a minute. */
const NOTICED_MS = 90_000;
/** Authorities, relays and exits of C tor, and three of ours. */
const RELAYS = 3 + 1 + 2 + 3;

let network: TorNetwork;
let exit: AlliumRelay;
let middle: AlliumRelay;
let victim: AlliumRelay;

/** The authorities as one knows them who has no DirPort of theirs. */
function withoutDirPorts(made: TorNetwork): readonly string[] {
  return made.dirAuthorityLines().map((line) => line.replace(/( [0-9.]+):\d+ /, '$1:0 '));
}

// Not in a hook: what a hook throws is not shown.
tor('starts', async () => {
  network = await startTorNetwork({
    authorities: 3,
    relays: 1,
    exits: 2,
    clients: 1,
    onAuthorities: async (made) => {
      [exit, middle, victim] = await Promise.all([
        AlliumRelay.start(made, { nickname: 'AlliumExit', config: { exitPolicy: ['accept *:*'] } }),
        // The middle moves its cells on two threads, the exit on the main one.
        AlliumRelay.start(made, {
          nickname: 'AlliumMiddle',
          // It asks authorities, and hands in its descriptor, over their OR ports.
          config: { family: ['A'.repeat(40)], shards: 2, authorities: withoutDirPorts(made) },
        }),
        AlliumRelay.start(made, { nickname: 'AlliumVictim', config: { exitPolicy: ['accept *:*'] } }),
      ]);
      return [exit.fingerprint, middle.fingerprint, victim.fingerprint];
    },
    onProgress: (what, elapsedMs) => process.stdout.write(`${(elapsedMs / 1000).toFixed(1)} s  ${what}\n`),
  });
  await Promise.all([exit, middle, victim].map((relay) => relay.waitUntilItKnows(RELAYS)));
});

tor('is in the consensus with the flags it is configured for', async () => {
  for (const relay of [exit, middle]) {
    const entry = await network.waitForRelay(relay.fingerprint, [
      'Running',
      'Valid',
      'Fast',
      'Guard',
      'V2Dir',
    ]);
    assert.is(entry.orPort, relay.orPort);
    assert.is(entry.nickname, relay.nickname);
    assert.is(entry.flags.includes('Exit'), relay === exit, entry.flags.join(' '));
  }
  const descriptor = await network.directory(`/tor/server/fp/${middle.fingerprint}`);
  assert.match(descriptor ?? '', /^platform Allium /m);
  assert.match(descriptor ?? '', `family $${'A'.repeat(40)}`);
  assert.match(descriptor ?? '', /^reject \*:\*$/m);
});

tor('has looked whether every authority took its descriptor', async () => {
  for (const relay of [exit, middle]) {
    const metrics = await relay.metrics();
    assert.is(metrics.get('authorities{state="accepted"}'), 3, relay.nickname);
    assert.is(relay.lines('an authority has the descriptor').length >= 3, true);
  }
});

tor(
  proves('carries 50 MB in each of the three positions', [
    'onion relay among theirs, each position',
    'C tor',
  ]),
  async () => {
    const runs = await throughEachPosition(network, exit.fingerprint, { byteLength: DOWNLOAD_BYTES });
    assert.equal([...runs.keys()], ['first', 'middle', 'last']);
    // Threads tell the page what they have done once in a while.
    await until('the metrics tell of it', async () => {
      const metrics = await exit.metrics();
      const cells = metrics.get('cells_total{kind="passed"}') ?? 0;
      const bytes = metrics.get('stream_bytes_total{direction="in"}') ?? 0;
      return bytes >= DOWNLOAD_BYTES && cells >= (2 * DOWNLOAD_BYTES) / 498;
    });
  },
);

tor('carries four streams of one circuit, two of which are given up', async () => {
  for (const position of ['first', 'middle', 'last'] as const) {
    const path = pathWith(network, exit.fingerprint, position);
    await streamsAtOnce(network, path, { byteLength: 2_000_000, count: 4 });
  }
});

tor('works with another Allium relay in the same circuit', async () => {
  const guard = network.node('relay1').fingerprint;
  const path = [guard, middle.fingerprint, exit.fingerprint];
  await network.pathThrough(path, 5_000_000);
});

tor('resolves names as an exit', async () => {
  const circuits = await network.circuits();
  const circuit = await circuits.open(pathWith(network, exit.fingerprint, 'last'));
  checkContent(await network.fetchOn(circuit, '/bytes/10'), 10);
  await circuits.close(circuit);
});

tor('has counted no fault of its peers, and nobody one of its', async () => {
  for (const relay of [exit, middle]) {
    const metrics = await relay.metrics();
    const odd = [...metrics].filter(
      ([name, value]) => /^(connection_faults|handshakes_failed)_total/.test(name) && value > 0,
    );
    assert.equal(odd, [], relay.nickname);
    assert.is(relay.log.includes('"level":50'), false, relay.log);
  }
  for (const { name, program } of network.nodes) {
    assert.not.match(program.stdout, /TLS error|Unhandled OpenSSL/, `${name} finds our certificates odd`);
  }
});

tor('a client recovers when a relay of ours is killed under its downloads', async () => {
  const circuits = await network.circuits();
  let killedMs = Number.POSITIVE_INFINITY;
  let underWay = 0;
  const cut = async (position: Position): Promise<string> => {
    const circuit = await circuits.open(pathWith(network, victim.fingerprint, position));
    let isCounted = false;
    const onBytes = (byteLength: number): void => {
      if (isCounted || byteLength < UNDER_WAY_BYTES) return;
      isCounted = true;
      underWay += 1;
    };
    const end = await network.fetchOn(circuit, `/bytes/${ENDLESS_BYTES}`, { onBytes }).then(
      () => 'it was not missed',
      // The client ends the stream before it tells what has become of the circuit.
      () =>
        until('the circuit is told of', () => circuits.status(circuit) === 'CLOSED' && 'CLOSED', NOTICED_MS),
    );
    const tookMs = performance.now() - killedMs;
    return tookMs >= 0 && tookMs < NOTICED_MS ? end : `${end} after ${tookMs} ms`;
  };
  const ends = Promise.all((['first', 'middle', 'last'] as const).map(cut));
  await until('all are under way', () => underWay === 3);
  killedMs = performance.now();
  await victim.program.stop('SIGKILL');
  assert.equal(await ends, ['CLOSED', 'CLOSED', 'CLOSED'], 'as first, middle, last hop');
  // From here on the client chooses for itself, among relays one of which is dead and still listed.
  await network.control(network.node('client1')).setConf({ __LeaveStreamsUnattached: 0 });
  for (let i = 0; i < 4; i += 1) checkContent(await network.fetch('/bytes/1000000'), 1_000_000);
});

tor('stops when it is told to', async () => {
  for (const relay of [exit, middle]) {
    assert.is(await relay.program.stop(), 0, relay.log);
    assert.is(relay.lines('stopped').length, 1);
  }
});

tor('has written nothing secret to its log', () => {
  for (const relay of [exit, middle]) {
    const secrets = relay.secrets();
    const onDisk = secretsIn(join(relay.dataDir, 'keys'));
    assert.ok(onDisk.length >= 5, 'all kinds of keys were found');
    for (const [name, secret] of onDisk) secrets.add(name, secret);
    for (const [name, secret] of secrets.examples) {
      const planted = `${relay.log}{"level":20,"msg":"x ${secret.toString('base64')}"}\n`;
      assert.ok(secrets.findIn(planted).length > 0, `${name} is found where it is planted`);
    }
    assert.equal(secrets.findIn(relay.log), [], relay.nickname);
  }
});

tor('ends', async () => {
  await network.stop();
});

tor.run();

/** The secret bytes of every key in the folder: of curves the 32 bytes, of RSA a part of the private exponent. */
function secretsIn(folder: string): readonly (readonly [name: string, secret: Buffer])[] {
  const secrets: (readonly [string, Buffer])[] = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    assert.is(statSync(path).mode & 0o777, 0o600, name);
    const text = readFileSync(path, 'utf8').replaceAll('\\n', '\n');
    for (const [, label = '', body = ''] of text.matchAll(
      /-----BEGIN ([A-Z ]*PRIVATE KEY)-----([^-]*)-----END/g,
    )) {
      const der = Buffer.from(body.replaceAll(/\s/g, ''), 'base64');
      secrets.push([
        `${name} ${label}`,
        label.startsWith('RSA') ? der.subarray(-300, -200) : der.subarray(-32),
      ]);
    }
  }
  return secrets;
}
