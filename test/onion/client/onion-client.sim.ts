/**
 * Aim: a client gets to know a network of relays of this very code, carries streams whole or fails them cleanly whatever
 * relays do meanwhile, keeps its guards and documents over a restart, and gives all memory back. On a virtual clock.
 */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { STORE_KEYS } from '../../../engine/onion/client/stored-documents.ts';
import type { OnionClientOptions } from '../../../engine/onion/client/types.ts';
import { type ClientKit, type ClientRoom, clientKit, clientRoom, MemoryStore } from './support/client-kit.ts';
import { answerDirectory, makeConsensus, nameOf } from './support/directory-documents.ts';
import { type Download, download } from './support/download.ts';
import { content, ORIGIN, type SimNetwork, simNetwork } from './support/sim-network.ts';

const test = suite('a client in a simulated network');
let clients = 0;

interface Running extends ClientKit {
  readonly room: ClientRoom;
  stop(): Promise<void>;
}

function begin(
  network: SimNetwork,
  options: Partial<OnionClientOptions> = {},
  store?: MemoryStore,
  circuits = 48,
): Running {
  const host = network.world.host({
    address: `9.9.${++clients}.1`,
    access: { latencyMs: 10, jitterMs: 0, lossRate: 0 },
  });
  const room = clientRoom({ slotCount: 500, circuits, aheadCells: 1 });
  const modules = { runtime: host.runtime, room, ...(store && { store }) };
  const kit = clientKit({ authorities: network.authorities, ...options }, modules);
  return {
    ...kit,
    room,
    async stop() {
      await network.wait('stopped', kit.client.stop());
      await network.world.run({ forMs: 6_000 });
      room.close();
    },
  };
}

async function start(network: SimNetwork, options: Partial<OnionClientOptions> = {}, store?: MemoryStore) {
  const running = begin(network, options, store);
  await network.wait('started', running.client.start());
  await network.wait('ready', running.client.ready);
  return running;
}

function get(running: Running, byteLength: number, isolation = '', host = ORIGIN.host): Promise<Download> {
  return download(running.client, { host, port: 80, path: `/bytes/${byteLength}`, isolation });
}

function sha256(byteLength: number): string {
  return createHash('sha256').update(content(byteLength)).digest('hex');
}

function checkWhole(got: Download, byteLength: number): void {
  assert.equal(got.end, { kind: 'ended', reason: 'done' });
  assert.is(got.byteLength, byteLength);
  assert.is(got.sha256, sha256(byteLength));
}

for (const [name, options, cipher] of [
  ['congestion control and Counter Galois Onion', {}, 'cgo'],
  ['congestion control', { cgo: false }, 'tor1'],
  ['windows', { congestionControl: false }, 'tor1'],
] as const) {
  test(`bootstraps and downloads with ${name}`, async () => {
    const network = await simNetwork();
    const running = await start(network, options);
    const { client, progress } = running;
    const percents = progress.flatMap((one) => (one.kind === 'bootstrap' ? one.percent : []));
    assert.equal(
      percents,
      [...percents].sort((a, b) => a - b),
    );
    assert.is(percents.at(-1), 100);
    const names = ['', 'b', 'b'].map((isolation) => get(running, 400_000, isolation, 'origin.test'));
    for (const one of names) checkWhole(await network.wait('download', one), 400_000);
    const used = client.circuits.filter(({ isDirty, purpose }) => isDirty && purpose === 'exit');
    assert.is(used.length, 2, 'one for each isolation');
    for (const { hops, congestionControl } of used) {
      assert.is(new Set(hops.map(({ fingerprint }) => fingerprint)).size, 3);
      assert.ok(hops.every((hop) => hop.cipher === cipher));
      assert.is(congestionControl, options !== undefined && !('congestionControl' in options));
    }
    assert.equal(await network.wait('look-up', client.resolve('origin.test')), [
      { kind: 'ipv4', value: ORIGIN.host, ttlSec: 60 },
    ]);
    const failed = await network.wait(
      'no such name',
      client.resolve('nobody.test').catch((error: AlliumError) => error.details['reason']),
    );
    assert.is(failed, 'resolveFailed');
    client.newIdentity();
    checkWhole(await network.wait('download', get(running, 1000)), 1000);
    await running.stop();
    await network.stop();
  });
}

test('relays that die under downloads: each ends whole or failed, and others go on', async () => {
  const network = await simNetwork({ relays: 9, exits: 4 });
  const running = await start(network, { streamIdleTimeoutMs: 30_000 });
  const downloads = Array.from({ length: 6 }, (_, i) => get(running, 2_000_000, `${i}`));
  await network.until('under way', () => running.client.circuits.some(({ streamCount }) => streamCount > 0));
  await network.world.run({ forMs: 300 });
  const used = running.client.circuits.filter(({ streamCount }) => streamCount > 0);
  network.find(used[0]!.hops[2]!.fingerprint).host.crash();
  network.find(used[1]!.hops[1]!.fingerprint).host.crash();
  let failures = 0;
  for (const one of downloads) {
    const got = await network.wait('an end', one, 200_000);
    if (got.end.kind === 'ended') {
      checkWhole(got, 2_000_000);
    } else {
      assert.ok(['circuit-closed', 'timeout', 'no-circuit'].includes(got.end.reason), got.end.reason);
      failures += 1;
    }
  }
  assert.ok(failures >= 1);
  checkWhole(await network.wait('afterwards', get(running, 10_000, 'new'), 200_000), 10_000);
  await running.stop();
});

test('a guard that dies is replaced, and the circuits with it', async () => {
  const network = await simNetwork({ relays: 8 });
  const running = await start(network);
  const [first] = running.client.circuits.filter(({ purpose }) => purpose === 'exit');
  const guard = first!.hops[0]!.fingerprint;
  network.find(guard).host.crash();
  checkWhole(await network.wait('over another guard', get(running, 10_000), 120_000), 10_000);
  const used = running.client.circuits.find(({ isDirty, purpose }) => isDirty && purpose === 'exit');
  assert.is.not(used?.hops[0]?.fingerprint, guard);
  await running.stop();
});

test('an exit that stalls: the stream goes to another one', async () => {
  const network = await simNetwork();
  const running = await start(network, { buildTimeoutMinMs: 3000 });
  const open = running.client.circuits.filter(({ purpose, state }) => purpose === 'exit' && state === 'open');
  // Whatever exits are in use now can reach nobody outside.
  const origin = network.world.find(ORIGIN.host, network.relays[0]!.host)!;
  const stalled = [...new Set(open.map(({ hops }) => hops[2]!.fingerprint))].slice(0, 2);
  network.world.partition(
    stalled.map((fingerprint) => network.find(fingerprint).host),
    [origin],
  );
  const got = await network.wait('over another exit', get(running, 10_000), 130_000);
  checkWhole(got, 10_000);
  await running.stop();
});

test('a restart fetches nothing and keeps its guards', async () => {
  const network = await simNetwork();
  const running = await start(network);
  checkWhole(await network.wait('download', get(running, 1000)), 1000);
  const guards = new Set(
    running.client.circuits.flatMap(({ hops }) => (hops.length === 3 ? hops[0]!.fingerprint : [])),
  );
  await running.stop();
  network.documents.asked.length = 0;
  const again = await start(network, {}, running.store);
  checkWhole(await network.wait('download', get(again, 1000)), 1000);
  assert.equal(network.documents.asked, []);
  for (const { hops } of again.client.circuits) assert.ok(guards.has(hops[0]!.fingerprint));
  await again.stop();
  await network.stop();
});

test('asks at a DirPort where that is set, and refuses to begin where nobody can be asked', async () => {
  const network = await simNetwork();
  const plain = network.authorities.map((one) => ({ ...one, orPort: 0, dirPort: 80 }));
  for (const { host } of plain) {
    network.world.serveHttp(host, ({ url }) => {
      const request = new TextEncoder().encode(`GET ${new URL(url).pathname} HTTP/1.0\r\n\r\n`);
      const nowMs = network.relays[0]!.host.runtime.clock.wallClock();
      const answer = answerDirectory(network.documents, request, nowMs)!;
      const bodyAt = Buffer.from(answer).indexOf('\r\n\r\n') + 4;
      return { status: 200, body: answer.subarray(bodyAt) };
    });
  }
  const running = await start(network, { authorities: plain, useDirPort: true });
  assert.ok(running.client.circuits.every(({ purpose }) => purpose === 'exit'));
  checkWhole(await network.wait('download', get(running, 1000)), 1000);
  await running.stop();
  const nobody = begin(network, { authorities: plain });
  const code = await nobody.client.start().catch((error: AlliumError) => error.code);
  assert.is(code, 'BAD_USAGE');
  await nobody.stop();
  await network.stop();
});

test('takes nothing over from a store that is damaged, and says so of the guards', async () => {
  const network = await simNetwork();
  const store = new MemoryStore();
  for (const key of Object.values(STORE_KEYS)) store.values.set(key, new TextEncoder().encode('rubbish\n'));
  const running = await start(network, {}, store);
  const codes = running.progress.flatMap((one) => (one.kind === 'problem' ? one.error.code : []));
  assert.ok(codes.includes('BAD_STATE'));
  checkWhole(await network.wait('download', get(running, 1000)), 1000);
  await running.stop();
  await network.stop();
});

test('fetches the next consensus when it is due', async () => {
  const network = await simNetwork({ freshMs: 600_000 });
  const running = await start(network);
  const before = running.client.network!.validUntilMs;
  const listed = network.relays.map((relay) => relay.listed);
  await network.world.run({ forMs: 600_000 });
  const nowMs = network.relays[0]!.host.runtime.clock.wallClock();
  network.documents.consensus = makeConsensus(listed, network.signers, { nowMs, freshMs: 600_000 });
  await network.until('a newer one', () => running.client.network!.validUntilMs > before, 2_000_000);
  checkWhole(await network.wait('download', get(running, 1000)), 1000);
  await running.stop();
  await network.stop();
});

for (const [what, reason, spoil] of [
  [
    'unknown authorities',
    'unknown authorities',
    (network: SimNetwork) => network.authorities.map((one, i) => ({ ...one, v3ident: nameOf(`${i}`) })),
  ],
  [
    'too few signatures',
    '3 good signatures of 7 known authorities; 4 are needed',
    (network: SimNetwork) => [
      ...network.authorities,
      ...[0, 1, 2, 3].map((i) => ({ ...network.authorities[0]!, v3ident: nameOf(`${i}`) })),
    ],
  ],
] as const) {
  test(`says that a consensus has ${what}`, async () => {
    const network = await simNetwork({ relays: 3, exits: 1 });
    const running = begin(network, { authorities: spoil(network) });
    await network.wait('started', running.client.start());
    await network.until('a problem', () => running.progress.some(({ kind }) => kind === 'problem'));
    const problem = running.progress.find((one) => one.kind === 'problem');
    assert.ok(problem?.kind === 'problem');
    assert.is(problem.error.code, 'CONSENSUS_REFUSED');
    assert.match(problem.error.message, reason);
    let error: AlliumError | undefined;
    running.client.ready.catch((thrown: AlliumError) => {
      error = thrown;
    });
    await running.stop();
    assert.is(error?.code, 'INTERRUPTED');
    await network.stop();
  });
}

test('says that a consensus has expired, and that nobody answers', async () => {
  const network = await simNetwork({ relays: 3, exits: 1 });
  const nowMs = network.relays[0]!.host.runtime.clock.wallClock() - 100 * 3_600_000;
  const listed = network.relays.map((relay) => relay.listed);
  network.documents.consensus = makeConsensus(listed, network.signers, { nowMs });
  const running = begin(network);
  await network.wait('started', running.client.start());
  const problems = (): string[] =>
    running.progress.flatMap((one) => (one.kind === 'problem' ? one.error.message : []));
  await network.until('a problem', () => problems().some((text) => text.includes('expired')));
  for (const { host } of network.relays) host.crash();
  await network.until('another', () => problems().at(-1)?.includes('expired') === false, 120_000);
  assert.match(problems().at(-1)!, 'directory');
  await running.stop();
});

test('streams that nothing can be done for fail with the reason', async () => {
  const network = await simNetwork({ relays: 5, exits: 1 });
  const running = await start(network, { streamTimeoutMs: 40_000 });
  const to = (host: string, port: number): Promise<Download> =>
    download(running.client, { host, port, path: '/' });
  assert.is((await network.wait('refused', to(ORIGIN.host, 81), 60_000)).end.reason, 'connectRefused');
  assert.is((await network.wait('onion', to('abc.onion', 80))).end.reason, 'bad-name');
  network.relays.at(-1)!.host.crash();
  await network.world.run({ forMs: 1000 });
  const { end } = await network.wait('no exit', get(running, 1), 120_000);
  assert.ok(['no-circuit', 'circuit-closed', 'timeout', 'no-exit'].includes(end.reason), end.reason);
  await running.stop();
});

test('closes what nobody uses: circuits to directories, then links', async () => {
  const network = await simNetwork();
  const running = await start(network, { preBuild: false });
  assert.is(running.client.circuits.length, 1);
  await network.world.run({ forMs: 70_000 });
  assert.equal(running.client.circuits, []);
  assert.ok(running.client.linkCount > 0);
  await network.world.run({ forMs: 200_000 });
  assert.is(running.client.linkCount, 0);
  checkWhole(await network.wait('download', get(running, 1000)), 1000);
  await running.stop();
  await network.stop();
});

test('gives a stream up after silence where that is asked for', async () => {
  const network = await simNetwork();
  const running = await start(network, { streamIdleTimeoutMs: 20_000 });
  const silent = download(running.client, { host: ORIGIN.host, port: 80, path: '/nothing' });
  const { end } = await network.wait('an end', silent, 40_000);
  assert.equal(end, { kind: 'failed', reason: 'timeout' });
  await running.stop();
  await network.stop();
});

for (const [what, options, circuits] of [
  ['settings', { circuitsMax: 3 }, 48],
  ['ciphers', {}, 4],
] as const) {
  test(`streams take turns when the ${what} allow few circuits`, async () => {
    const network = await simNetwork();
    const running = begin(network, options, undefined, circuits);
    await network.wait('started', running.client.start());
    await network.wait('ready', running.client.ready);
    const all = Array.from({ length: 8 }, (_, i) => get(running, 50_000, `${i}`));
    for (const one of all) checkWhole(await network.wait('its turn', one, 120_000), 50_000);
    await running.stop();
    await network.stop();
  });
}

test('takes no more streams and circuits than it may', async () => {
  const network = await simNetwork();
  const running = await start(network, { streamsMax: 10, buildingMax: 3, circuitsMax: 6 });
  const all = Array.from({ length: 12 }, (_, i) => get(running, 1000, `${i}`));
  let most = 0;
  await network.until('all circuits', () => {
    most = Math.max(most, running.client.circuits.filter(({ purpose }) => purpose === 'exit').length);
    return most === 6;
  });
  for (const one of all.slice(10)) assert.is((await network.wait('refused', one)).end.reason, 'too-many');
  await network.world.run({ forMs: 10_000 });
  assert.ok(running.client.circuits.filter(({ purpose }) => purpose === 'exit').length <= 6);
  await running.stop();
  for (const one of all.slice(0, 10)) assert.ok(['ended', 'failed'].includes((await one).end.kind));
  await network.stop();
});

test.run();
