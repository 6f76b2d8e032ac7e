/** Aim: the settings of a node open its port as they say, a command on the same machine finds it, and it ends whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAddress } from '../../../engine/node/remote/address-file.ts';
import { openRemote, type RemoteParts } from '../../../engine/node/remote/open-remote.ts';
import { type NodeSettings, resolveSettings, shownSettings } from '../../../engine/node/settings.ts';
import { FakeControl } from '../control/fake-control.ts';
import { echoMount } from './support/remote-scene.ts';

const remote = suite('open remote');

const settingsWith = (flags: object, env: NodeJS.ProcessEnv = {}): NodeSettings =>
  resolveSettings({ flags: { statusPort: 0, ...flags }, env, threads: 1, home: '/nobody' });

function partsWith(made: string[]): RemoteParts {
  return {
    control: new FakeControl(1),
    mounts: [echoMount('/', 'challenge')],
    clock: { now: () => performance.now(), wallClock: () => Date.now() },
    shutDown: () => {},
    report: (line) => assert.unreachable(line),
    onPassword: (user) => void made.push(user),
  };
}

remote('page and protocols are at one port, which the state folder names as long as it is open', async () => {
  const state = mkdtempSync(join(tmpdir(), 'allium-remote-'));
  try {
    const made: string[] = [];
    const opened = await openRemote(settingsWith({ state }), partsWith(made));
    assert.is(await readAddress(state), opened?.url);
    for (const path of ['', 'api/v2/app/version']) {
      assert.is((await fetch(`${opened?.url}${path}`)).status, 200, path);
    }
    assert.is((await fetch(`${opened?.url}transmission/rpc`, { method: 'POST' })).status, 409);
    const taken = settingsWith({ state, statusPort: Number(new URL(opened!.url).port) });
    try {
      await openRemote(taken, partsWith(made));
      assert.unreachable();
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ADDRESS_IN_USE');
    }
    await opened?.close();
    assert.is(await readAddress(state), undefined);
    assert.equal(made, [], 'nobody needs a password on loopback');
    assert.is(await openRemote(settingsWith({ state, statusPort: false }), partsWith(made)), undefined);
  } finally {
    rmSync(state, { recursive: true });
  }
});

remote(
  'a password of the settings is asked for on loopback too, stays text, and is never shown',
  async () => {
    const state = mkdtempSync(join(tmpdir(), 'allium-remote-'));
    try {
      const env = { ALLIUM_REMOTE_PASSWORD: '0012345678', ALLIUM_REMOTE_NAMES: 'node.example, seedbox' };
      const settings = settingsWith({ state }, env);
      assert.equal(
        [settings.remotePassword, settings.remoteNames],
        ['0012345678', ['node.example', 'seedbox']],
      );
      assert.not(JSON.stringify(shownSettings(settings)).includes('0012345678'));
      const opened = await openRemote(settings, partsWith([]));
      const status = async (password: string): Promise<number> => {
        const pair = Buffer.from(`allium:${password}`).toString('base64');
        return (await fetch(opened!.url, { headers: { Authorization: `Basic ${pair}` } })).status;
      };
      assert.equal([await status('12345678'), await status('0012345678')], [401, 200]);
      await opened?.close();
      assert.throws(() => settingsWith({}, { ALLIUM_REMOTE_PASSWORD: 'short' }), /remotePassword/);
      assert.throws(() => settingsWith({ remoteHost: 'nowhere' }), /remoteHost/);
    } finally {
      rmSync(state, { recursive: true });
    }
  },
);

remote.run();
