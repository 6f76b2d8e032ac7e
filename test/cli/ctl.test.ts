/** Aim: `allium ctl` does what it says to a node, tells it as text and as JSON, and says plainly when it cannot. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeAddress } from '../../engine/node/remote/address-file.ts';
import { makeTorrent } from '../bittorrent/support/make-torrent.ts';
import { FakeControl } from '../node/control/fake-control.ts';
import { PASSWORD, type RemoteScene, remoteScene, USER } from '../node/remote/support/remote-scene.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const ctl = suite('ctl');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'ctl', ...words], { env: { ...process.env, ...env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    child.stderr.on('data', (bytes) => {
      err += bytes;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

interface Parts {
  readonly scene: RemoteScene;
  readonly control: FakeControl;
  readonly folder: string;
  /** Runs words that have to succeed; gives what was printed. */
  readonly say: (words: string) => Promise<string>;
  readonly fail: (words: string, env?: Readonly<Record<string, string>>) => Promise<Ended>;
}

async function within(withPassword: boolean, use: (parts: Parts) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'allium-ctl-'));
  const scene = await remoteScene({ control: new FakeControl(3), withPassword });
  const env = { ALLIUM_STATE: folder };
  try {
    await writeAddress(folder, scene.server.url);
    await use({
      ...{ scene, folder, control: scene.control },
      say: async (words) => {
        const { code, out, err } = await run(words.split(' '), env);
        assert.is(code, 0, `${words}: ${err}`);
        return out;
      },
      fail: (words, more) => run(words.split(' '), { ...env, ...more }),
    });
  } finally {
    await scene.close();
    rmSync(folder, { recursive: true });
  }
}

ctl('torrents are listed, added, shown, changed and removed', async () => {
  await within(false, async ({ say, control, folder }) => {
    assert.match(await say('list'), /1 +100\.0 % +4\.00 MiB +2\.00 +seeding +torrent 1/);
    const file = join(folder, 'made.torrent');
    writeFileSync(file, makeTorrent({ name: 'made', pieceLength: 16_384, fileBytes: [9_000, 1] }).bytes);
    const [added] = JSON.parse(
      await say(`add ${file} --to /srv/x --category films --tag a --stopped --json`),
    ) as [{ id: number; isNew: boolean }];
    const row = () => control.byId(added.id)!;
    assert.equal([added.isNew, row().root, row().category, row().tags], [true, '/srv/x', 'films', ['a']]);
    assert.match(await say(`info ${row().infoHash.slice(0, 8)}`), /folder +\/srv\/x/);
    await say('limits made --down 500K --ratio off');
    assert.equal([row().downLimit, row().seedLimits], [512_000, { ratio: Number.POSITIVE_INFINITY }]);
    assert.match(await say('files made --skip 1'), /1 +0\.0 % +1 B +no +made\/f1/);
    await say('tags all --add seen --remove a');
    assert.equal(row().tags, ['seen']);
    await say(`start ${added.id}`);
    await say('queue top made');
    assert.is(row().queuePosition, 0);
    await say('remove made --data');
    assert.equal(control.calls.slice(-1), ['remove made with data']);
  });
});

ctl('the node as a whole: limits, figures, what moves, categories', async () => {
  await within(false, async ({ say, control }) => {
    await say('limits --up 1000K');
    assert.is(control.options.upLimit, 1_024_000);
    control.touch(control.byId(2)!.infoHash, { upBytesPerSec: 2_048 });
    assert.match(await say('stats'), /3 torrents, 3 active; down 0 B\/s, up 2\.00 KiB\/s/);
    const [round] = JSON.parse(await say('watch --json')) as [{ torrents: { id: number }[] }];
    assert.equal(
      round.torrents.map(({ id }) => id),
      [2],
    );
    await say('category films 1 2');
    assert.equal(JSON.parse(await say('list --category films --json')).length, 2);
    assert.match(await say('category'), /films/);
  });
});

ctl('what cannot be done is said, with the exit code of its kind', async () => {
  await within(true, async ({ fail, scene }) => {
    const stranger = await fail('list');
    assert.is(stranger.code, 3);
    assert.match(stranger.err, /user and a password.*ALLIUM_REMOTE_PASSWORD/);
    const env = { ALLIUM_REMOTE_USER: USER, ALLIUM_REMOTE_PASSWORD: PASSWORD };
    assert.is((await fail('list', env)).code, 0);
    const several = await fail('stop torrent', env);
    assert.equal([several.code, /could be 3 torrents/.test(several.err)], [2, true]);
    const none = await fail('stop nothing --json', env);
    assert.is(none.code, 3);
    assert.is(JSON.parse(none.out).error.code, 'NOT_FOUND');
    assert.match((await fail('add /nowhere.torrent', env)).err, /nowhere/);
    await scene.close();
    assert.match((await fail('list', env)).err, /no node answers at http/);
    const absent = await fail('list --state /nonexistent');
    assert.match(
      absent.err,
      /no node runs that keeps its state in \/nonexistent\. Start one with allium node/,
    );
  });
});

ctl.run();
