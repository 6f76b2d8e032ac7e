/**
 * Aim: sink and source, which everything about seeding and downloading rests on, speak the protocol, count every byte,
 * and notice wrong ones. Skipped where there is no C compiler.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildHelpers } from '../../../bench/peers/native.ts';
import { makeFile } from '../../../bench/peers/payload.ts';
import { freePort, listening } from '../../../bench/peers/ports.ts';
import { nativePump, nodePump } from '../../../bench/peers/programs/ceilings.ts';
import type { Seeder } from '../../../bench/peers/programs/program.ts';
import { SinkRunner } from '../../../bench/peers/sections/seed.ts';
import type { Torrent } from '../../../bench/peers/torrents.ts';
import { killDaemons } from '../../../bench/support/daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'allium-helpers-'));
const built = process.platform === 'linux' ? buildHelpers(folder) : 'not Linux';
const helpers = suite('sink and source');
const test = typeof built === 'string' ? helpers.skip : helpers;
const paths = typeof built === 'string' ? { sink: '', source: '' } : built;

/** 40 pieces, the last one short and not of whole blocks. */
const BYTES = 39 * 65536 + 20_001;

function makeTorrent(): Torrent {
  const payload = makeFile(folder, 'payload', BYTES);
  const facts = { version: 'v1' as const, pieceCount: 40, pieceLength: 65536 };
  return { ...facts, path: '', payload, infoHash: '0123456789abcdef0123456789abcdef01234567' };
}

helpers.after(() => {
  killDaemons();
  rmSync(folder, { recursive: true });
});

for (const [name, seeder] of [
  ['the C pump', nativePump(paths.source)],
  ['the Node pump', nodePump],
] as const satisfies readonly (readonly [string, Seeder])[]) {
  test(`${name} gives the sink every byte, over one and over several connections`, async () => {
    const torrent = makeTorrent();
    const port = await freePort();
    const daemon = await seeder.start(torrent, port, folder);
    await listening(port, 5_000);
    const sink = new SinkRunner(paths, torrent);
    assert.ok(await sink.serves(port));
    for (const connections of [1, 5]) {
      const words = [`connections=${connections}`, `compare=${torrent.payload.path}`, `watch=${daemon.pid}`];
      const report = await sink.run(port, words);
      assert.is(report.mismatches, 0);
      assert.ok(report.complete && report.bytes >= BYTES, JSON.stringify(report));
      assert.ok(report.served >= 1 && report.seconds > 0);
    }
    await daemon.stop();
  });
}

test('the sink notices a wrong byte, and a peer with another torrent', async () => {
  const torrent = makeTorrent();
  const port = await freePort();
  const daemon = await nativePump(paths.source).start(torrent, port, folder);
  const other = makeFile(join(folder, 'other'), 'payload', BYTES);
  const handle = openSync(other.path, 'r+');
  writeSync(handle, Buffer.from([1, 2, 3, 4]), 0, 4, 1_000_000);
  const report = await new SinkRunner(paths, torrent).run(port, [`compare=${other.path}`]);
  assert.is(report.mismatches > 0, true);
  const stranger = new SinkRunner(paths, { ...torrent, infoHash: 'f'.repeat(40) });
  await stranger.run(port, ['patience=2']).then(
    ({ bytes }) => assert.is(bytes, 0),
    (error: Error) => assert.match(error.message, /the sink says/),
  );
  await daemon.stop();
});

helpers.run();
