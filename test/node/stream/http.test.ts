// Aim: a file is streamed over HTTP on the loopback while it is downloaded: playing starts at 0, a jump to the end is
// answered long before the download gets there, bytes are equal; ranges, HEAD, errors and bounds are as they should be;
// who does not read is not read for, and who goes is let go of.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex } from '../../../engine/codec/hex.ts';
import { StreamDesk, type StreamOptions } from '../../../engine/node/stream/stream-desk.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { type RealPeer, startRealPeer } from '../../bittorrent/support/real-peer.ts';

const test = suite('streaming over HTTP');
const made = makeTorrent({ name: 'set', pieceLength: 131_072, fileBytes: [50_000, 16_000_000, 0] });
const film = made.content.get('set/f001')!;
const infoHash = hex(made.metainfo.infoHashV1!);

interface Scene {
  readonly seeder: RealPeer;
  readonly leecher: RealPeer;
  readonly desk: StreamDesk;
  readonly held: () => number;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  readonly close: () => Promise<void>;
}

/** A seeder of so many bytes a second, a leecher that does not know it yet, and a server in front of the leecher. */
async function open(upLimit: number, options: Partial<StreamOptions> = {}): Promise<Scene> {
  const seeder = await startRealPeer(made, { seeder: true });
  const leecher = await startRealPeer(made);
  seeder.torrent.limits.set({ downLimit: 0, upLimit });
  let held = 0;
  const desk = new StreamDesk(options, {
    open: async (hash) => {
      if (hash !== infoHash) return undefined;
      held++;
      return { torrent: leecher.torrent, release: () => held-- };
    },
    clock: leecher.runtime.clock,
  });
  const server: Server = createServer(
    getRequestListener((request, { outgoing }) => desk.handle(request, () => outgoing.destroy())),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ seeder, leecher, desk, held: () => held },
    get: (path, init) => fetch(`http://127.0.0.1:${port}/stream/${path}`, init),
    async close() {
      desk.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await leecher.close();
      await seeder.close();
    },
  };
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (holds()) return;
    await soon(10);
  }
  assert.unreachable(what);
}

test('playing starts at 0, the end is there long before the download, and all bytes are equal', async () => {
  const scene = await open(5_000_000);
  try {
    const { torrent } = scene.leecher;
    const playing = scene.get(`${infoHash}/1/film.mkv`);
    torrent.addCandidates([scene.seeder.at]);
    const response = await playing;
    assert.is(response.status, 200);
    assert.is(response.headers.get('content-length'), String(film.length));
    const body = bytesOf(response);
    const tail = await scene.get(`${infoHash}/1`, { headers: { Range: 'bytes=-300000' } });
    assert.is(tail.status, 206);
    assert.is(tail.headers.get('content-range'), `bytes 15700000-15999999/16000000`);
    assert.is(Buffer.compare(await bytesOf(tail), film.subarray(-300_000)), 0);
    const share = torrent.have.count / made.metainfo.pieceCount;
    assert.ok(share < 0.7, `${share} of the download was there`);
    assert.is(Buffer.compare(await body, film), 0);
    await until('all is let go of', () => scene.held() === 0 && scene.desk.readerCount === 0);
    assert.is(torrent.listeners.size, 0);
  } finally {
    await scene.close();
  }
});

test('ranges, HEAD, conditions and headers of what is there', async () => {
  const scene = await open(0);
  const { get } = scene;
  try {
    scene.leecher.torrent.addCandidates([scene.seeder.at]);
    await until('the download ends', () => scene.leecher.torrent.have.isFull);
    const part = await get(`${infoHash}/1/x.mp4`, { headers: { Range: 'bytes=131000-400000' } });
    assert.is(part.status, 206);
    assert.is(part.headers.get('content-length'), '269001');
    assert.is(Buffer.compare(await bytesOf(part), film.subarray(131_000, 400_001)), 0);
    const head = await get(`${infoHash}/1`, { method: 'HEAD' });
    assert.is(head.status, 200);
    assert.is(head.headers.get('content-length'), String(film.length));
    assert.is(head.headers.get('accept-ranges'), 'bytes');
    assert.is(head.headers.get('x-content-type-options'), 'nosniff');
    assert.is(head.headers.get('content-type'), 'application/octet-stream');
    assert.match(head.headers.get('content-security-policy')!, 'sandbox');
    assert.is((await bytesOf(head)).length, 0);
    const beyond = await get(`${infoHash}/1`, { headers: { Range: 'bytes=16000000-' } });
    assert.is(beyond.status, 416);
    assert.is(beyond.headers.get('content-range'), 'bytes */16000000');
    const etag = head.headers.get('etag')!;
    assert.is((await get(`${infoHash}/1`, { headers: { 'If-None-Match': etag } })).status, 304);
    const same = await get(`${infoHash}/1`, { headers: { Range: 'bytes=0-9', 'If-Range': etag } });
    assert.is((await bytesOf(same)).length, 10);
    const other = await get(`${infoHash}/0`, { headers: { Range: 'bytes=0-9', 'If-Range': etag } });
    assert.is(other.status, 200, 'another file: the whole of it');
    assert.is((await bytesOf(other)).length, 50_000);
    const empty = await get(`${infoHash}/2`);
    assert.equal([empty.status, (await bytesOf(empty)).length], [200, 0]);
    const missing = [`${'0'.repeat(40)}/1`, `${infoHash}/3`, `${infoHash}/-1`, `${infoHash}`, 'x/1', ''];
    for (const path of missing) assert.is((await get(path)).status, 404, path);
    assert.is((await get(`${infoHash}/1/a/b`)).status, 404);
    assert.is((await get(`${infoHash}/1`, { method: 'POST' })).status, 405);
    await until('all is let go of', () => scene.held() === 0);
  } finally {
    await scene.close();
  }
});

test('bytes that nobody will fetch are refused: the file is not wanted, or the torrent is stopped', async () => {
  const scene = await open(0);
  try {
    const { torrent } = scene.leecher;
    torrent.choose(Uint8Array.of(2, 0, 2));
    assert.is((await scene.get(`${infoHash}/1`)).status, 409);
    torrent.choose(new Uint8Array(0));
    const reading = await scene.get(`${infoHash}/1`);
    assert.is(reading.status, 200);
    await torrent.stop();
    const failure = await reading.arrayBuffer().catch((error: unknown) => error);
    assert.instance(failure, Error, 'the answer is cut off, not ended');
    assert.is((await scene.get(`${infoHash}/1`)).status, 409);
    await until('all is let go of', () => scene.held() === 0);
  } finally {
    await scene.close();
  }
});

test('who does not read is not read for; who goes is let go of; no more readers than may be', async () => {
  const scene = await open(0, { readersMax: 2, idleMs: 400 });
  try {
    scene.leecher.torrent.addCandidates([scene.seeder.at]);
    await until('the download ends', () => scene.leecher.torrent.have.isFull);
    let bytesRead = 0;
    const { storage } = scene.leecher.torrent;
    const read = storage.read.bind(storage);
    storage.read = (piece, begin, targets) => {
      for (const target of targets) bytesRead += target.length;
      return read(piece, begin, targets);
    };
    const abort = new AbortController();
    const first = await scene.get(`${infoHash}/1`, { signal: abort.signal });
    const second = await scene.get(`${infoHash}/1`);
    await soon(300);
    assert.ok(bytesRead < 2 * 7_000_000, `${bytesRead} bytes were read for two that take nothing`);
    const before = bytesRead;
    await soon(50);
    assert.is(bytesRead, before, 'it stands still');
    assert.is(scene.desk.readerCount, 2);
    const third = await scene.get(`${infoHash}/1`);
    assert.is(third.status, 503);
    assert.is(third.headers.get('retry-after'), '5');
    abort.abort();
    await first.arrayBuffer().catch(() => {});
    await until('the first is let go of', () => scene.desk.readerCount === 1);
    const fourth = await scene.get(`${infoHash}/1`);
    assert.is(fourth.status, 200);
    await soon(600);
    const fifth = await scene.get(`${infoHash}/0`);
    assert.is(fifth.status, 200, 'the one that has taken nothing for longest makes room');
    assert.is((await bytesOf(fifth)).length, 50_000);
    assert.instance(await second.arrayBuffer().catch((error: unknown) => error), Error);
    assert.is(Buffer.compare(await bytesOf(fourth), film), 0);
    await until('all is let go of', () => scene.held() === 0);
  } finally {
    await scene.close();
  }
});

test.run();
