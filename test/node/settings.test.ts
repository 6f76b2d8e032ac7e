/** Aim: settings come from the right place, the later wins, and a wrong one is named with where it came from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../engine/codec/error.ts';
import { resolveSettings, SETTING_NAMES, variableOf } from '../../engine/node/settings.ts';

const settings = suite<{ folder: string }>('settings');

settings.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-settings-'));
});
settings.after(({ folder }) => rmSync(folder, { recursive: true }));

const resolve = (sources: Partial<Parameters<typeof resolveSettings>[0]>) =>
  resolveSettings({ flags: {}, env: {}, threads: 3, home: '/h', ...sources });

settings('told nothing, everything has a sensible value', () => {
  const all = resolve({});
  assert.is(all.state, '/h/.local/share/allium');
  assert.is(all.downloads, '/h/allium/downloads');
  assert.is(all.threads, 3);
  assert.equal(Object.keys(all).sort(), [...SETTING_NAMES].sort());
  assert.is(resolve({ env: { XDG_DATA_HOME: '/x' } }).state, '/x/allium');
});

settings('file, then variables, then flags', ({ folder }) => {
  const file = join(folder, 'settings.json');
  writeFileSync(file, '{ "port": 1000, "slots": 7, "watch": false, "downloads": "/from/file" }');
  const env = { ALLIUM_PORT: '2000', ALLIUM_SLOTS: '8', ALLIUM_STATUS_PORT: 'false', ALLIUM_STATE: '' };
  const all = resolve({ file, env, flags: { port: 3000 } });
  assert.equal([all.port, all.slots, all.watch, all.statusPort], [3000, 8, false, false]);
  assert.is(all.downloads, '/from/file');
  assert.is(variableOf('statusPort'), 'ALLIUM_STATUS_PORT');
});

settings('relative folders are taken from where the program was started', () => {
  assert.is(resolve({ flags: { downloads: 'd' } }).downloads, join(process.cwd(), 'd'));
});

settings('what is wrong is named, with its place', ({ folder }) => {
  const file = join(folder, 'bad.json');
  const complaint = (run: () => unknown): AlliumError => {
    try {
      run();
    } catch (error) {
      return error as AlliumError;
    }
    return assert.unreachable() as never;
  };
  writeFileSync(file, '{ "prot": 1 }');
  const unknown = complaint(() => resolve({ file }));
  assert.match(unknown.message, /“prot” from .*bad\.json is not known/);
  assert.match(unknown.advice, /statusPort/);
  writeFileSync(file, '[1]');
  assert.match(complaint(() => resolve({ file })).message, 'does not hold one JSON object');
  writeFileSync(file, '{');
  assert.is(complaint(() => resolve({ file })).code, 'BAD_USAGE');
  assert.is(complaint(() => resolve({ file: join(folder, 'none.json') })).code, 'NOT_FOUND');
  const cases: readonly (readonly [string, string])[] = [
    ['ALLIUM_PORT', '70000'],
    ['ALLIUM_PORT', 'http'],
    ['ALLIUM_MEMORY', '5'],
    ['ALLIUM_HOST', 'example.org'],
    ['ALLIUM_LOG', 'loud'],
    ['ALLIUM_TRACKERS', 'perhaps'],
    ['ALLIUM_SLOTS', '-1'],
  ];
  for (const [name, value] of cases) {
    const error = complaint(() => resolve({ env: { [name]: value } }));
    assert.is(error.code, 'BAD_USAGE', name);
    assert.match(error.message, 'from the environment is wrong');
    assert.ok(error.advice.length > 5);
  }
});

settings.run();
