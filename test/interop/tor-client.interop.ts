/**
 * Aim: the client of the onion network works in a network of C tor: it believes its consensus, builds three hops through
 * its relays, and moves bytes whole, with congestion control and Counter Galois Onion, with the first alone, and with
 * neither; it uploads, looks names up, lives through early closing and a relay that dies, and starts again from its store.
 *
 * Runs alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { CircuitStatus, OnionClientOptions } from '../../engine/onion/client/types.ts';
import type { DirectoryAuthority } from '../../engine/onion/directory/authority-types.ts';
import { parseDirAuthorities } from '../../engine/onion/directory/dir-authority.ts';
import { PATH_DEFAULTS } from '../../engine/onion/path/network.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import {
  type ClientKit,
  type ClientRoom,
  clientKit,
  clientRoom,
} from '../onion/client/support/client-kit.ts';
import { type Download, download } from '../onion/client/support/download.ts';
import { interopSuite } from './support/peers.ts';
import { proves } from './support/proves.ts';
import { contentChunks, contentSha256 } from './support/tor/content.ts';
import type { TorNetwork } from './support/tor/network.ts';
import { startTorNetwork } from './support/tor/start.ts';

const test = interopSuite('the client in a network of C tor', ['tor', 'tor-gencert']);
const runtime = createRealRuntime();
const DOWNLOAD_BYTES = 50_000_000;

let network: TorNetwork;
let authorities: readonly DirectoryAuthority[];
/** Kept over the tests: a restart begins with it. */
let kit: ClientKit;
let room: ClientRoom;

// All relays are on one address.
const LOOPBACK = { allowPrivateAnswers: true, paths: { ...PATH_DEFAULTS, enforceDistinctSubnets: false } };

function start(options: Partial<OnionClientOptions> = {}, store = kit?.store): ClientKit {
  room = clientRoom({ slotCount: 4000, circuits: 64 });
  const modules = store === undefined ? { runtime, room } : { runtime, room, store };
  return clientKit({ authorities, ...LOOPBACK, ...options }, modules);
}

async function ready(one: ClientKit): Promise<void> {
  await one.client.start();
  const late = sleep(20_000, 'late', { ref: false });
  const outcome = await Promise.race([one.client.ready, late]);
  const problems = one.progress.flatMap((told) => (told.kind === 'problem' ? told.error.message : []));
  assert.is(outcome, undefined, `not ready: ${problems.join('; ')}`);
}

/** Stops the client; every slot of the slab has to be back soon. */
async function stop(one: ClientKit): Promise<void> {
  await one.client.stop();
  for (let tries = 0; room.slab.stats().leases > 2 && tries < 50; tries++) await sleep(20);
  room.close();
}

function fetchBytes(one: ClientKit, byteLength: number, more: object = {}): Promise<Download> {
  const { port } = network.origin;
  return download(one.client, { host: '127.0.0.1', port, path: `/bytes/${byteLength}`, ...more });
}

function checkWhole(fetched: Download, byteLength: number): void {
  assert.equal(fetched.end, { kind: 'ended', reason: 'done' });
  assert.is(fetched.byteLength, byteLength);
  assert.is(fetched.sha256, contentSha256(byteLength));
}

function inUse(one: ClientKit): CircuitStatus {
  const used = one.client.circuits.find(({ purpose, isDirty }) => purpose === 'exit' && isDirty);
  assert.ok(used, 'a circuit has carried the stream');
  assert.is(used.hops.length, 3);
  assert.is(new Set(used.hops.map(({ fingerprint }) => fingerprint)).size, 3, 'no relay twice');
  return used;
}

test('the network starts', async () => {
  network = await startTorNetwork({
    authorities: 3,
    relays: 1,
    exits: 3,
    clients: 0,
    consensusParams: { cc_alg: 2 },
  });
  const parsed = parseDirAuthorities(network.dirAuthorityLines().join('\n'));
  assert.ok(parsed.ok);
  authorities = parsed.value;
});

test(
  proves('downloads 50 MB over three hops with congestion control and Counter Galois Onion', [
    'onion client in their network',
    'C tor',
  ]),
  async () => {
    kit = start();
    await ready(kit);
    checkWhole(await fetchBytes(kit, DOWNLOAD_BYTES), DOWNLOAD_BYTES);
    const used = inUse(kit);
    assert.ok(used.congestionControl);
    assert.equal(
      used.hops.map(({ cipher }) => cipher),
      ['cgo', 'cgo', 'cgo'],
    );
  },
);

test('uploads', async () => {
  const upload = new Uint8Array(Buffer.concat([...contentChunks(3_000_000)]));
  const { port } = network.origin;
  const sent = await download(kit.client, { host: '127.0.0.1', port, path: '/sink', upload });
  assert.is(sent.end.kind, 'ended');
  assert.match(sent.status, '200');
  const answer = JSON.stringify({ byteLength: 3_000_000, sha256: contentSha256(3_000_000) });
  assert.is(sent.byteLength, answer.length);
});

test('looks up names, and refuses what no exit could look up', async () => {
  const found = await kit.client.resolve('some.name.test');
  assert.equal(
    found.map(({ kind, value }) => `${kind} ${value}`),
    ['ipv4 127.0.0.1'],
  );
  await kit.client.resolve('abcdef.onion').then(
    () => assert.unreachable('an onion address went to an exit'),
    (error: Error) => assert.match(error.message, 'bad-name'),
  );
});

test('carries four streams at once, half of which are closed early, and goes on', async () => {
  const streams = [0, 1, 2, 3].map((i) =>
    fetchBytes(kit, 4_000_000, { isolation: `${i % 2}`, ...(i >= 2 && { closeAfterBytes: 300_000 }) }),
  );
  const [a, b, c, d] = await Promise.all(streams);
  checkWhole(a!, 4_000_000);
  checkWhole(b!, 4_000_000);
  for (const cut of [c!, d!]) {
    assert.equal(cut.end, { kind: 'closed', reason: 'closed' });
    assert.ok(cut.byteLength >= 300_000 && cut.byteLength < 4_000_000);
  }
  checkWhole(await fetchBytes(kit, 10_000, { isolation: '1' }), 10_000);
});

test('tells its owner when no exit gets through to a port', async () => {
  const refused = await download(kit.client, { host: '127.0.0.1', port: 1, path: '/' });
  // C tor says no more than “misc” of a connection that is refused, so other exits are tried as well.
  assert.equal(refused.end, { kind: 'failed', reason: 'misc' });
});

test('starts again from its store without fetching', async () => {
  await stop(kit);
  const { store } = kit;
  kit = start({ cgo: false }, store);
  await ready(kit);
  const steps = kit.progress.flatMap((told) => (told.kind === 'bootstrap' ? told.percent : []));
  assert.not.ok(
    steps.some((percent) => percent > 0 && percent < 85),
    `fetched again: ${steps}`,
  );
});

test(
  proves('downloads 50 MB with congestion control alone', ['onion client in their network', 'C tor']),
  async () => {
    checkWhole(await fetchBytes(kit, DOWNLOAD_BYTES), DOWNLOAD_BYTES);
    const used = inUse(kit);
    assert.ok(used.congestionControl);
    assert.ok(used.hops.every(({ cipher }) => cipher === 'tor1'));
    await stop(kit);
  },
);

test(proves('downloads 50 MB with neither', ['onion client in their network', 'C tor']), async () => {
  kit = start({ congestionControl: false });
  await ready(kit);
  checkWhole(await fetchBytes(kit, DOWNLOAD_BYTES), DOWNLOAD_BYTES);
  const used = inUse(kit);
  assert.not.ok(used.congestionControl);
});

test('recovers when the exit under a download dies', async () => {
  const cut = fetchBytes(kit, 1_000_000_000);
  await sleep(500);
  const used = kit.client.circuits.find(({ streamCount }) => streamCount > 0);
  const exit = network.nodes.find(({ fingerprint }) => fingerprint === used?.hops[2]?.fingerprint);
  await exit!.program.stop('SIGKILL');
  const { end, byteLength } = await cut;
  assert.is(end.kind, 'failed');
  assert.is(end.reason, 'circuit-closed');
  assert.ok(byteLength < 1_000_000_000);
  checkWhole(await fetchBytes(kit, 1_000_000), 1_000_000);
  await stop(kit);
});

test('refuses the consensus of a network with other authorities, and says so', async () => {
  const others = authorities.map((authority, i) => ({ ...authority, v3ident: `${i}`.repeat(40) }));
  const stranger = start({ authorities: others }, undefined);
  await stranger.client.start();
  for (let tries = 0; stranger.progress.every(({ kind }) => kind !== 'problem') && tries < 100; tries++) {
    await sleep(50);
  }
  const problem = stranger.progress.find((told) => told.kind === 'problem');
  assert.is(problem?.kind === 'problem' && problem.error.code, 'CONSENSUS_REFUSED');
  assert.match(problem?.kind === 'problem' ? problem.error.message : '', 'unknown authorities');
  await stop(stranger);
});

test('is over', async () => {
  await network.stop();
});

test.run();
