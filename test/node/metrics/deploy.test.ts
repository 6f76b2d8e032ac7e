/**
 * Aim: what helps to run a node elsewhere names only what there is: settings, files, paths and ports; the unit is one
 * that systemd understands and leaves exposed little.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SETTING_NAMES, variableOf } from '../../../engine/node/settings.ts';
import { PROJECT_ROOT, readProjectFile } from '../../house/support/tree.ts';

const deploy = suite('deploy');
const FILES = ['scripts/deploy/Dockerfile', 'scripts/deploy/allium.service'] as const;
const UNIT = join(PROJECT_ROOT, FILES[1]);
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

deploy('variables are those of settings', () => {
  const known = new Set(SETTING_NAMES.map(variableOf));
  for (const file of FILES) {
    const named = [...readProjectFile(file).matchAll(/\bALLIUM_[A-Z_]+/g)].map(([name]) => name);
    assert.ok(named.length >= 3, file);
    for (const name of named) assert.ok(known.has(name), `${name} in ${file}`);
  }
});

deploy('the image is made of what is there, and starts the program that package.json names', () => {
  const text = readProjectFile(FILES[0]);
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
  assert.ok(copied.length > 8);
  for (const path of copied) assert.ok(existsSync(join(PROJECT_ROOT, path)), path);
  const { bin, files } = JSON.parse(readProjectFile('package.json')) as {
    bin: Record<string, string>;
    files: readonly string[];
  };
  assert.match(text, `ENTRYPOINT ["node", "${bin['allium']}"]`);
  for (const path of files) assert.match(text, path, `${path} is in the image`);
  assert.match(text, /^USER node$/m);
  assert.match(text, /healthz/);
  assert.match(readProjectFile(FILES[1]), `/opt/allium/${bin['allium']} node`);
});

deploy('systemd accepts the unit and finds it well closed', () => {
  if (!hasSystemd) {
    process.stdout.write('systemd-analyze is not installed: the unit is not verified\n');
    return;
  }
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', UNIT], { encoding: 'utf8' });
  const complaints = `${verified.stdout}${verified.stderr}`
    .split('\n')
    .filter((line) => line.includes('allium.service'));
  assert.equal(complaints, []);
  const judged = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', UNIT], {
    encoding: 'utf8',
  });
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(judged.stdout)?.[1];
  if (exposure !== undefined) assert.ok(Number(exposure) < 3, `exposure ${exposure}`);
});

deploy.run();
