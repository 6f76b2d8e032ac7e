/** Aim: the small parts of the node: automatic ports, the list of problems, the log. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { openPort } from '../../../engine/node/daemon/auto-port.ts';
import { Problems } from '../../../engine/node/daemon/problems.ts';
import { addFile } from '../../../engine/node/daemon/watch-add.ts';
import { createLog } from '../../../engine/node/log.ts';
import { FakeControl } from '../control/fake-control.ts';

const parts = suite('parts of the node');

parts('“auto” takes the first free port; a chosen one is taken or refused', async () => {
  const taken = new Set([1, 2]);
  const open = async (port: number): Promise<number> => {
    if (taken.has(port)) throw new AlliumError('ADDRESS_IN_USE', `${port}`);
    if (port === 9) throw new AlliumError('NO_PERMISSION', `${port}`);
    return port;
  };
  const failure = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => '',
      (error: AlliumError) => `${error.code} ${error.message}`,
    );
  assert.is(await openPort('auto', [1, 2, 3], open), 3);
  assert.is(await openPort(3, [1], open), 3);
  assert.is(await failure(openPort(1, [3], open)), 'ADDRESS_IN_USE 1');
  assert.is(await failure(openPort('auto', [1, 2], open)), 'ADDRESS_IN_USE 2');
  assert.is(
    await failure(openPort('auto', [9, 3], open)),
    'NO_PERMISSION 9',
    'another reason is not passed over',
  );
});

parts('problems: each once, the newest last, the oldest gone at the bound', () => {
  const problems = new Problems({ countMax: 2 });
  assert.is(problems.add('a'), true);
  assert.is(problems.add('b'), true);
  assert.is(problems.add('a'), false);
  assert.equal(problems.list(), ['b', 'a']);
  problems.add('c');
  assert.equal(problems.list(), ['a', 'c']);
});

parts('the log: JSON lines for programs, plain lines for people, control characters for nobody', () => {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  const forPrograms = createLog('info', { write });
  forPrograms.info('added “a\x1b[2J”', { torrents: 2 });
  forPrograms.debug('not now');
  assert.is(lines.length, 1);
  const { level, msg, torrents } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.equal([level, msg, torrents], [30, 'added “a\x1b[2J”', 2]);
  lines.length = 0;
  const forPeople = createLog('debug', { isTTY: true, write });
  forPeople.warn('look\x1b[2J\n', { folder: '/x' });
  forPeople.error('bad');
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d warn {2}look\\x1b\[2J\\x0a \(folder=\/x\)\n$/);
  assert.match(lines[1]!, /^\d\d:\d\d:\d\d error bad\n$/);
  lines.length = 0;
  createLog('silent', { write }).error('nothing');
  assert.equal(lines, []);
});

parts(
  'a text file with one magnet link is added from the watch folder; anything else in it is refused',
  async () => {
    const control = new FakeControl();
    const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=x`;
    await addFile(control, Buffer.from(`${link}\n`), '/w/one.magnet');
    assert.equal([...control.rows.keys()], ['ab'.repeat(20)]);
    for (const text of ['', 'no link', `${link}\n${link}`]) {
      const error = await addFile(control, Buffer.from(text), '/w/two.magnet').catch(
        (thrown: unknown) => thrown,
      );
      assert.is((error as AlliumError).code, 'BAD_TORRENT', text);
    }
    assert.is(control.rows.size, 1);
  },
);

parts.run();
