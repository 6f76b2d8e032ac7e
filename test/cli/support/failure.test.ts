/** Aim: whatever is thrown ends in one clear line and the exit code of its kind; a bug says that it is one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodeOf } from '../../../engine/cli/support/exit-code.ts';
import { bugText, failureJson, failureLine, toAlliumError } from '../../../engine/cli/support/failure.ts';
import { AlliumError } from '../../../engine/codec/error.ts';

const failure = suite('failure');

function systemError(code: string, more: object): Error {
  return Object.assign(new Error(`${code}: said the system`), { code, syscall: 'open', ...more });
}

failure('the line names the command, what happened and what to do, whatever the name of the file', () => {
  const error = new AlliumError('NOT_FOUND', 'cannot read a\x1b[2J\nb: ENOENT', { advice: 'check the path' });
  assert.is(
    failureLine('allium verify', error),
    'allium verify: cannot read a\\x1b[2J\\x0ab: ENOENT. Check the path.\n',
  );
  assert.is(failureLine('allium', new AlliumError('INTERRUPTED', 'stopped.')), 'allium: stopped.\n');
});

failure('errors of the system become errors with a code', () => {
  const cases: readonly (readonly [Error, string, number])[] = [
    [systemError('EACCES', { path: '/x' }), 'NO_PERMISSION', 3],
    [systemError('ENOENT', { path: '/x' }), 'NOT_FOUND', 3],
    [systemError('ENOSPC', { path: '/x' }), 'NO_SPACE', 3],
    [systemError('EISDIR', {}), 'WRONG_KIND', 3],
    [systemError('EADDRINUSE', { syscall: 'listen', address: '127.0.0.1', port: 80 }), 'ADDRESS_IN_USE', 3],
    [systemError('EIO', { path: '/x' }), 'IO_FAILED', 3],
    [new DOMException('stop', 'AbortError') as Error, 'INTERRUPTED', 130],
    [new AlliumError('BAD_TORRENT', 'x'), 'BAD_TORRENT', 2],
  ];
  for (const [thrown, code, exit] of cases) {
    const error = toAlliumError(thrown);
    assert.is(error?.code, code);
    if (error !== undefined) assert.is(exitCodeOf(error.code), exit);
  }
});

failure('a mistake of the program is no error of the user', () => {
  assert.is(toAlliumError(new TypeError('x is not a function')), undefined);
  assert.is(toAlliumError('text'), undefined);
  assert.is(toAlliumError(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
  assert.match(bugText('allium', new TypeError('oops')), /bug in Allium[\s\S]*TypeError: oops/);
  assert.match(bugText('allium', 'text'), /text/);
});

failure('the JSON form carries code, message, advice and details', () => {
  const error = new AlliumError('NO_SPACE', 'full', { advice: 'make room', details: { path: '/x' } });
  assert.equal(failureJson(error), {
    error: { code: 'NO_SPACE', message: 'full', advice: 'make room', details: { path: '/x' } },
  });
});

failure.run();
