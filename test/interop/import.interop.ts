// Aim: the state folders that other programs really write are taken over with exactly the pieces those programs had,
// and nothing is hashed; what was changed behind their backs is in doubt.
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { type ImportLine, importAll, type PlannedTorrent } from '../../engine/node/import/plan.ts';
import { findSource } from '../../engine/node/import/read-source.ts';
import { runImport } from '../../engine/node/import/run-import.ts';
import { NodeStore } from '../../engine/node/store/store.ts';
import { interopSuite, type PeerName, peerPath } from './support/peers.ts';
import { RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { Qbittorrent } from './support/qbittorrent.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const DELUGE = fileURLToPath(new URL('../../../test/interop/support/deluge_state.py', import.meta.url));
const PIECE_BYTES = 16_384;
/** Nobody answers there; rTorrent takes no torrent without a tracker. */
const TRACKER = 'http://127.0.0.1:1/announce';
/** The piece that is wrong in the second torrent. */
const BAD_PIECE = 5;
const HOUR_SEC = 3600;

/** Two torrents: all of the one is there, a piece of the other is wrong. */
interface Scene {
  readonly data: string;
  readonly torrents: readonly string[];
}

async function create(path: string, out: string, words: readonly string[] = []): Promise<void> {
  const all = [MAIN, 'create', path, '-o', out, '--piece-length', '16KiB', '-t', TRACKER, ...words];
  const { code, stderr } = await runToEnd(process.execPath, all);
  assert.is(code, 0, stderr);
}

async function makeScene(): Promise<Scene> {
  const folder = scratchFolder();
  const data = join(folder, 'data');
  mkdirSync(join(data, 'whole', 'sub'), { recursive: true });
  writeFileSync(join(data, 'whole', 'a.bin'), randomBytes(300_003));
  writeFileSync(join(data, 'whole', 'sub', 'b.bin'), randomBytes(70_001));
  cpSync(join(data, 'whole'), join(data, 'part'), { recursive: true });
  const torrents = ['whole', 'part'].map((name) => join(folder, `${name}.torrent`));
  await create(join(data, 'whole'), torrents[0]!);
  await create(join(data, 'part'), torrents[1]!);
  const bad = readFileSync(join(data, 'part', 'a.bin'));
  bad.fill(0, BAD_PIECE * PIECE_BYTES, BAD_PIECE * PIECE_BYTES + 100);
  writeFileSync(join(data, 'part', 'a.bin'), bad);
  return { data, torrents };
}

async function plan(folder: string): Promise<{ lines: ImportLine[]; planned: Map<string, PlannedTorrent> }> {
  const lines: ImportLine[] = [];
  const planned = new Map<string, PlannedTorrent>();
  await importAll(
    { source: findSource(folder), mappings: [], onLine: (line) => lines.push(line) },
    {
      target: {
        has: () => false,
        take: async (torrent) => void planned.set(torrent.source.metainfo.name, torrent),
      },
    },
  );
  return { lines, planned };
}

/** Exactly the pieces that the program had, nothing in doubt, and after changes the pieces of what has changed. */
async function checkFolder(folder: string, { data }: Scene): Promise<Map<string, PlannedTorrent>> {
  const before = await plan(folder);
  assert.equal(
    before.lines.map(({ outcome }) => outcome),
    before.lines.map(() => 'taken'),
    JSON.stringify(before.lines),
  );
  const part = before.planned.get('part')!;
  assert.ok(part.judgement.doubt.isEmpty && part.judgement.changed.length === 0);
  assert.equal([...part.judgement.have.missing()], [BAD_PIECE]);
  const whole = before.planned.get('whole')!;
  assert.ok(whole.judgement.have.isFull && whole.judgement.doubt.isEmpty);
  await checkApply(folder, before.planned);

  const later = Date.now() / 1000 + HOUR_SEC;
  utimesSync(join(data, 'whole', 'sub', 'b.bin'), later, later);
  rmSync(join(data, 'part', 'sub', 'b.bin'));
  const after = await plan(folder);
  const { have, doubt } = after.planned.get('whole')!.judgement;
  const firstOfB = Math.floor(300_003 / PIECE_BYTES);
  assert.is(have.count, firstOfB);
  assert.is(doubt.count, have.pieceCount - firstOfB);
  const gone = after.planned.get('part')!.judgement;
  assert.is(gone.missing.length, 1);
  assert.ok(!gone.have.has(firstOfB) && gone.doubt.isEmpty);
  return before.planned;
}

/** What is in the store of a node afterwards. */
async function checkApply(folder: string, planned: ReadonlyMap<string, PlannedTorrent>): Promise<void> {
  const state = scratchFolder();
  const options = { source: findSource(folder), state, mappings: [], isDry: false, nowMs: Date.now() };
  const totals = await runImport({ ...options, onLine: () => {} });
  assert.is(totals.taken, planned.size);
  const again = await runImport({ ...options, onLine: () => {} });
  assert.is(again.known, planned.size);
  const store = await NodeStore.open(state);
  try {
    const stored = new Map(store.summaries());
    for (const { infoHash, judgement } of planned.values()) {
      assert.is(stored.get(infoHash)!.pieceDoneCount, judgement.have.count);
      assert.equal(Uint8Array.from(store.read(infoHash).resume.have), judgement.have.bytes);
    }
  } finally {
    await store.close(true);
  }
}

function importing(name: string, peers: readonly PeerName[], body: () => Promise<void>): void {
  const test = interopSuite(`import from ${name}`, peers);
  test(`the pieces that ${name} had`, body);
  test.run();
}

importing('qBittorrent', ['qbittorrent-nox'], async () => {
  const scene = await makeScene();
  const more = ['v2', 'hybrid'].map((kind) => join(scene.data, '..', `${kind}.torrent`));
  for (const kind of ['v2', 'hybrid']) {
    cpSync(join(scene.data, 'whole'), join(scene.data, kind), { recursive: true });
    await create(join(scene.data, kind), join(scene.data, '..', `${kind}.torrent`), [`--${kind}`]);
  }
  const peer = await Qbittorrent.start();
  const words = { category: 'films', tags: 'a,b', ratioLimit: '1.5', seedingTimeLimit: '90' };
  await peer.add([...scene.torrents, ...more], scene.data, words);
  const hybrid = (await peer.list()).find(({ name }) => name === 'hybrid')!;
  await peer.renameFile(hybrid.hash, 'hybrid/a.bin', 'hybrid/other name.bin');
  await peer.stop();
  const planned = await checkFolder(peer.profile, scene);
  const { state, metainfo } = planned.get('whole')!.source;
  assert.equal([state.category, state.tags], ['films', ['a', 'b']]);
  assert.equal(state.seedLimits, { ratio: 1.5, seedTimeMs: 5_400_000 });
  assert.is(metainfo.version, 'v1');
  for (const kind of ['v2', 'hybrid']) {
    const { source, judgement } = planned.get(kind)!;
    assert.is(source.metainfo.version, kind);
    assert.ok(judgement.have.isFull, kind);
  }
  assert.equal(
    [...planned.get('hybrid')!.source.places.values()],
    [join(scene.data, 'hybrid', 'other name.bin')],
  );
});

importing('Transmission', ['transmission-daemon'], async () => {
  const scene = await makeScene();
  const config = scratchFolder();
  const peer = await Transmission.start({ 'ratio-limit-enabled': false }, config);
  const ids = [
    await peer.add(scene.torrents[0]!, scene.data),
    await peer.add(scene.torrents[1]!, scene.data),
  ];
  await peer.complete(ids[0]!);
  await until('it has checked the other', async () => {
    const { status, percentDone } = await peer.status(ids[1]!);
    return status === 4 && percentDone > 0.5;
  });
  await peer.stop();
  await checkFolder(config, scene);
});

importing('rTorrent', ['rtorrent'], async () => {
  const scene = await makeScene();
  const session = scratchFolder();
  const settings = [
    `session.path.set = ${session}`,
    'network.port_range.set = 1024-65535',
    'network.port_random.set = yes',
    'network.bind_address.set = 127.0.0.1',
    'dht.mode.set = disable',
    'protocol.pex.set = no',
    'trackers.use_udp.set = no',
    `directory.default.set = ${scene.data}`,
    ...scene.torrents.map((path, at) => `schedule2 = load${at},1,0,"load.start=${path}"`),
    'schedule2 = end,4,0,"system.shutdown.normal="',
  ];
  const file = join(scene.data, '..', 'rtorrent.rc');
  writeFileSync(file, `${settings.join('\n')}\n`);
  // It does not run without a terminal.
  const command = `${peerPath('rtorrent')} -n -o import=${file}`;
  const peer = new RunningProgram('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm' } });
  await Promise.race([peer.ended, until('rtorrent ends', () => !peer.running, 30_000)]);
  await checkFolder(session, scene);
});

importing('Deluge', ['libtorrent'], async () => {
  const scene = await makeScene();
  const folder = join(scratchFolder(), 'state');
  const { code, stderr } = await runToEnd(peerPath('libtorrent'), [
    DELUGE,
    folder,
    scene.data,
    ...scene.torrents,
  ]);
  assert.is(code, 0, stderr);
  const planned = await checkFolder(folder, scene);
  const { state, metainfo } = planned.get('whole')!.source;
  assert.ok(state.stopped && !planned.get('part')!.source.state.stopped);
  assert.is(state.uploadedBytes, 12_345);
  assert.is(state.upLimit, 10_240);
  assert.equal(state.seedLimits, { ratio: 2.5 });
  assert.equal(metainfo.trackers, [[TRACKER]]);
});
