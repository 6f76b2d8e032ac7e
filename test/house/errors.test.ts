/** Aim: ERRORS.md lists every error code once, with the exit code that a command really ends with. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodeOf } from '../../engine/cli/support/exit-code.ts';
import { ERROR_CODES } from '../../engine/codec/error.ts';
import { readProjectFile, tableRows } from './support/tree.ts';

const errors = suite('errors');
const rows = tableRows(readProjectFile('ERRORS.md')).filter((row) => row.length === 4);

errors('ERRORS.md lists exactly the codes of AlliumError, in their order', () => {
  const listed = rows.map(([code]) => code?.replaceAll('`', ''));
  assert.equal(listed, [...ERROR_CODES]);
});

errors('each row names the exit code and says what to do', () => {
  for (const [code = '', meaning = '', advice = '', exit = ''] of rows) {
    const name = ERROR_CODES.find((known) => `\`${known}\`` === code);
    assert.ok(name !== undefined, `${code} is a code`);
    if (name !== undefined) assert.is(Number(exit), exitCodeOf(name), code);
    assert.ok(meaning.length > 10 && advice.length > 10, `${code} is explained`);
  }
});

errors.run();
