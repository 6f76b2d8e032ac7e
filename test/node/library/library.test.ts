/**
 * Aim: a torrent that nobody talks to is not in memory and serves whoever calls; a drive that is missing is a state that
 * passes without hashing; what an operator does to torrents holds after a restart; deleting data deletes this
 * torrent's files and no other's; a magnet link that is being looked up survives a restart.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Control } from '../../../engine/node/control/control.ts';
import type { TorrentRow } from '../../../engine/node/control/row.ts';
import type { NodeDaemon } from '../../../engine/node/daemon/daemon.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { PIECE_LENGTH, Scene } from '../support/scene.ts';
import { fetchFirstBlock } from './support/caller.ts';

const library = suite<{ scene: Scene; nodes: NodeDaemon[] }>('library');

library.before.each(async (context) => {
  context.scene = await Scene.open();
  context.nodes = [];
});
library.after.each(async ({ scene, nodes }) => {
  for (const node of nodes) await node.close();
  await scene.close();
});

/** Lays the content of the torrent where a node of this scene looks for it. */
function layOut(scene: Scene): void {
  mkdirSync(scene.pathOf('data'), { recursive: true });
  for (const [path, bytes] of scene.torrent.content) writeFileSync(scene.pathOf(path), bytes);
}

async function until(control: Control, wanted: (row: TorrentRow) => boolean): Promise<TorrentRow> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const found = [...control.rows.values()].find(wanted);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(JSON.stringify([...control.rows.values()], null, 1));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A node with the torrent of the scene, complete, started anew so that it is not in memory. */
async function dormant(scene: Scene, nodes: NodeDaemon[]): Promise<NodeDaemon> {
  layOut(scene);
  const first = await scene.node({ watch: false });
  await first.control.add({ source: { torrentFile: scene.torrent.bytes } });
  await until(first.control, ({ state, progress }) => state === 'seeding' && progress === 1);
  await first.close();
  const node = await scene.node({ watch: false });
  nodes.push(node);
  return node;
}

const inMemory = (node: NodeDaemon): number =>
  (node as unknown as { session: { list(): readonly unknown[] } }).session.list().length;

library(
  'a torrent that nobody calls for is not in memory; a caller is served all the same',
  async (context) => {
    const { scene } = context;
    const node = await dormant(scene, context.nodes);
    const row = await until(node.control, ({ state }) => state === 'seeding');
    assert.is(inMemory(node), 0);
    const detail = await node.control.detail(row.infoHash);
    assert.is(detail.files.length, 2);
    assert.is(detail.files[0]?.doneBytes, detail.files[0]?.byteLength);
    assert.is(inMemory(node), 0, 'to look at it wakes nobody');
    const port = Number(node.view().listening.split(':').at(-1));
    const block = await fetchFirstBlock(port, row.infoHash);
    const [content] = scene.torrent.content.values();
    assert.ok(block.equals(content!.subarray(0, block.length)));
    assert.is(inMemory(node), 1);
    assert.is(node.view().hashing.messages, 0);
    await fetchFirstBlock(port, '00'.repeat(20)).then(
      () => assert.unreachable('nobody has that torrent'),
      () => {},
    );
  },
);

library(
  'a missing drive: offline with the reason, nothing written; back again: seeding, nothing hashed',
  async (context) => {
    const { scene } = context;
    await (await dormant(scene, [])).close();
    const downloads = join(scene.folder, 'downloads');
    renameSync(downloads, `${downloads}.away`);
    const node = await scene.node({ watch: false });
    context.nodes.push(node);
    const { error } = await until(node.control, ({ state }) => state === 'offline');
    assert.match(error, /is not there, or has been emptied/);
    assert.not.ok(existsSync(scene.pathOf('data')), 'nothing was written');
    const { sweeps } = (node as unknown as { library: { sweeps: { look(): Promise<void> } } }).library;
    await sweeps.look();
    await until(node.control, ({ state }) => state === 'offline');
    if (existsSync(downloads)) renameSync(downloads, `${downloads}.empty`);
    renameSync(`${downloads}.away`, downloads);
    await sweeps.look();
    const back = await until(node.control, ({ state }) => state === 'seeding');
    assert.is(back.error, '');
    const port = Number(node.view().listening.split(':').at(-1));
    assert.ok((await fetchFirstBlock(port, back.infoHash)).length > 0);
    assert.is(node.view().hashing.messages, 0);
  },
);

library('what an operator has chosen holds after a restart', async (context) => {
  const { scene } = context;
  layOut(scene);
  const first = await scene.node({ watch: false });
  const { control } = first;
  await control.setCategory({ name: 'films', root: '', downLimit: 0, upLimit: 0, seedLimits: {} });
  const { row } = await control.add({
    source: { torrentFile: scene.torrent.bytes },
    category: 'films',
    tags: ['a'],
  });
  await control.change(row.infoHash, { upLimit: 1234, addTags: ['b'], seedLimits: { ratio: 2 } });
  await control.change(row.infoHash, {
    trackers: [['http://other.test:80/announce']],
    wishes: new Map([[1, 0]]),
  });
  await control.setOptions({ activeDownloadsMax: 3, altEnabled: true });
  await control.stop(row.infoHash);
  await until(control, ({ state }) => state === 'stopped');
  const badValue = await control.setOptions({ connectionsMax: 0 }).catch((error: unknown) => error);
  assert.is((badValue as { code: string }).code, 'BAD_USAGE');
  await first.close();
  const node = await scene.node({ watch: false });
  context.nodes.push(node);
  const again = node.control.row(row.infoHash)!;
  assert.equal(
    [again.state, again.category, again.tags, again.upLimit],
    ['stopped', 'films', ['a', 'b'], 1234],
  );
  assert.equal(again.seedLimits, { ratio: 2 });
  assert.is(again.trackerHost, 'other.test');
  assert.is(again.id, row.id);
  assert.is(again.wantedBytes, PIECE_LENGTH * 20 + 5);
  assert.equal([...node.control.tags], ['a', 'b']);
  assert.is(node.control.options.activeDownloadsMax, 3);
  assert.is((await node.control.detail(row.infoHash)).files[1]?.wish, 0);
  await node.control.removeTags(['a']);
  await node.control.removeCategory('films');
  assert.equal([node.control.row(row.infoHash)?.tags, node.control.row(row.infoHash)?.category], [['b'], '']);
});

library('deleting data deletes the files of the torrent and nothing else', async (context) => {
  const { scene } = context;
  const node = await dormant(scene, context.nodes);
  writeFileSync(scene.pathOf('data/mine.txt'), 'mine');
  const other = makeTorrent({ name: 'data', pieceLength: PIECE_LENGTH, fileBytes: [100, 200], seed: 9 });
  const { row } = await node.control.add({
    source: { torrentFile: other.bytes },
    root: join(scene.folder, 'downloads'),
    stopped: true,
    skipCheck: true,
  });
  const infoHash = [...node.control.rows.keys()].find((name) => name !== row.infoHash)!;
  await node.control.remove(infoHash, { deleteData: true });
  assert.ok(existsSync(scene.pathOf('data/f000')), 'another torrent has a file of this name');
  await node.control.remove(row.infoHash, { deleteData: true });
  assert.not.ok(existsSync(scene.pathOf('data/f000')));
  assert.is(readFileSync(scene.pathOf('data/mine.txt'), 'utf8'), 'mine');
  assert.is(node.control.rows.size, 0);
  const gone = await node.control.start(infoHash).catch((error: unknown) => error);
  assert.is((gone as { code: string }).code, 'NOT_FOUND');
});

library('a magnet link is looked up, also after a restart, and becomes a torrent', async (context) => {
  const { scene } = context;
  const seeding = await dormant(scene, context.nodes);
  const infoHash = [...seeding.control.rows.keys()][0]!;
  const { magnet } = await seeding.control.detail(infoHash);
  const peer = seeding.view().listening;
  const at = (name: string): Record<string, unknown> => ({
    ...{ state: join(scene.folder, name), downloads: join(scene.folder, `${name}-files`), watch: false },
    trackers: false,
  });
  const first = await scene.node(at('second'));
  const { row } = await first.control.add({ source: { magnet }, tags: ['found'] });
  assert.equal([row.state, row.progress, row.infoHash], ['metadata', 0, infoHash]);
  await first.close();
  const node = await scene.node(at('second'));
  context.nodes.push(node);
  await until(node.control, ({ state }) => state === 'metadata');
  const [host = '', port] = peer.split(':');
  node.control.addPeers(infoHash, [{ host, port: Number(port) }]);
  const found = await until(node.control, ({ state, progress }) => state === 'seeding' && progress === 1);
  assert.equal([found.name, found.tags, found.id], ['data', ['found'], row.id]);
  const bytes = readFileSync(join(scene.folder, 'second-files', 'data', 'f001'));
  assert.ok(bytes.equals(scene.torrent.content.get('data/f001')!));
});

library(
  'only so many run as the operator wants; the next one has its turn when one stops',
  async (context) => {
    const { scene } = context;
    const node = await scene.node({ watch: false });
    context.nodes.push(node);
    const { control } = node;
    await control.setOptions({ activeDownloadsMax: 2 });
    for (const seed of [1, 2, 3, 4]) {
      const torrent = makeTorrent({
        name: `t${seed}`,
        pieceLength: PIECE_LENGTH,
        fileBytes: [PIECE_LENGTH],
        seed,
      });
      await control.add({ source: { torrentFile: torrent.bytes } });
    }
    const states = (): string[] =>
      [...control.rows.values()]
        .sort((a, b) => a.queuePosition - b.queuePosition)
        .map(({ name, state }) => `${name} ${state}`);
    await until(control, ({ name, state }) => name === 't2' && state === 'downloading');
    assert.equal(states(), ['t1 downloading', 't2 downloading', 't3 queued', 't4 queued']);
    const named = (name: string): string =>
      [...control.rows.values()].find((row) => row.name === name)!.infoHash;
    await control.moveInQueue([named('t4')], 'top');
    await until(control, ({ name, state }) => name === 't4' && state === 'downloading');
    await until(control, ({ name, state }) => name === 't2' && state === 'queued');
    await control.stop(named('t4'));
    await until(control, ({ name, state }) => name === 't2' && state === 'downloading');
    await control.change(named('t3'), { forced: true });
    await until(control, ({ name, state }) => name === 't3' && state === 'downloading');
    assert.equal(states(), ['t4 stopped', 't1 downloading', 't2 downloading', 't3 downloading']);
  },
);

library('pieces are checked again on demand: what is wrong is fetched anew', async (context) => {
  const { scene } = context;
  const node = await dormant(scene, context.nodes);
  const infoHash = [...node.control.rows.keys()][0]!;
  const path = scene.pathOf('data/f000');
  const bytes = readFileSync(path);
  await node.control.stop(infoHash);
  writeFileSync(path, Buffer.from(bytes).fill(0, PIECE_LENGTH, 2 * PIECE_LENGTH));
  await node.control.recheck(infoHash, { pieces: [1, 2] });
  const checked = await until(
    node.control,
    ({ state, pieceDoneCount }) => state === 'stopped' && pieceDoneCount < 24,
  );
  assert.ok(checked.progress < 1);
  await node.control.start(infoHash);
  await until(node.control, ({ state, progress }) => state === 'seeding' && progress === 1);
  await node.close();
  assert.ok(readFileSync(path).equals(bytes));
});

library.run();
