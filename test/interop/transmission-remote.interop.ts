/**
 * Aim: `transmission-remote`, as Transmission ships it, controls a node that really runs: it lists, adds, shows, starts,
 * stops, verifies, limits, labels, finds and removes, shows the session, and ends the node.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { makeTorrent } from '../bittorrent/support/make-torrent.ts';
import { NodeProcess } from '../node/support/node-process.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { runToEnd, scratchFolder, until } from './support/program.ts';

const remote = interopSuite('transmission-remote', ['transmission-remote']);
const PASSWORD = 'one two three';

remote('controls a node from the first torrent to the last word', async () => {
  const folder = scratchFolder();
  const made = makeTorrent({ name: 'album', pieceLength: 16_384, fileBytes: [50_000, 20_000] });
  const torrent = join(folder, 'album.torrent');
  writeFileSync(torrent, made.bytes);
  const library = join(folder, 'library');
  for (const [path, bytes] of made.content) {
    mkdirSync(join(library, path, '..'), { recursive: true });
    writeFileSync(join(library, path), bytes);
  }
  const node = new NodeProcess(folder, ['--no-tracker', '--no-dht'], { ALLIUM_REMOTE_PASSWORD: PASSWORD });
  const { host } = new URL(await node.ready());
  const ask = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await runToEnd(peerPath('transmission-remote'), [host, ...words]);
    return stdout + stderr;
  };
  const say = async (...words: string[]): Promise<string> => ask('-n', `allium:${PASSWORD}`, ...words);
  const ok = async (...words: string[]): Promise<void> => {
    assert.match(await say(...words), /responded: "success"/, words.join(' '));
  };

  assert.match(await ask('-l'), /Unauthorized|401|user and password/i, 'not without the password');
  assert.match(await say('-l'), /^Sum:/m);
  await ok('-a', torrent, '-w', library);
  await until('it seeds what lies there', async () =>
    /^ +1 +100% .* (?:Idle|Seeding) +album$/m.test(await say('-l')),
  );
  const info = await say('-t', '1', '-i');
  assert.match(info, new RegExp(`Hash: ${Buffer.from(made.metainfo.infoHashV1 ?? []).toString('hex')}`));
  assert.match(info, /Location: .*library\n/);
  assert.match(info, /Piece Count: 5\n/);
  assert.match(
    await say('-t', '1', '-f'),
    /album \(2 files\):[\s\S]* 1: 100% Normal +Yes +20\.00 kB +album\/f001/,
  );

  await ok('-t', '1', '-S');
  assert.match(await say('-l'), /Stopped +album/);
  await ok('-t', '1', '-s');
  await ok('-t', '1', '-v');
  await until('it is verified', async () => /(?:Idle|Seeding) +album/.test(await say('-l')));
  await ok('-t', '1', '-L', 'music,live');
  await ok('-t', '1', '-sr', '1.5');
  await ok('-t', '1', '-u', '50');
  await ok('-t', '1', '-G', '1');
  const changed = await say('-t', '1', '-i');
  assert.match(changed, /Labels: (?:music, live|live, music)/);
  assert.match(changed, /Upload Limit: 50 kB\/s/);
  assert.match(await say('-t', '1', '-f'), / 1: .* No +20\.00 kB/);

  await ok('-d', '200', '-as');
  const session = await say('-si');
  assert.match(session, /RPC version: 18/);
  assert.match(
    session,
    /Download speed limit: 50 kB\/s \(Enabled limit: 200 kB\/s; Enabled turtle limit: 50 kB\/s\)|Download speed limit: .*200 kB\/s/,
  );
  assert.match(await say('-st'), /CURRENT SESSION/);
  assert.match(await say('-pt'), /Error: the port was not tested/);
  await ok('-t', '1', '-r');
  assert.not.match(await say('-l'), /album/);
  await ok('--exit');
  assert.is(await node.exit(), 0);
});

remote.run();
