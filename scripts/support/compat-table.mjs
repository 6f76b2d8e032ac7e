/**
 * How one test went that proves a cell. `version`: of the other program; `date`: of the run, YYYY-MM-DD.
 * @typedef {{ what: string, withWhom: string, title: string, file: string, outcome: 'passed' | 'failed', version: string, date: string }} Outcome
 */

const NOT_TRIED = '–';

/**
 * COMPAT.md: what works with which program, as tests have found it.
 * @param {readonly Outcome[]} outcomes @param {readonly string[]} rows @param {readonly string[]} columns
 * @returns {string}
 */
export function compatTable(outcomes, rows, columns) {
  const shown = columns.filter((column) => outcomes.some(({ withWhom }) => withWhom === column));
  const lines = [
    '# Compatibility',
    '',
    'What has been tried with programs that others wrote, and when it last was. `npm run compat` runs the tests of `test/interop/` and writes this file; nothing here is typed. ✓: every test of the cell passed on that day; ✗: one failed; –: there is no test.',
    '',
    `| what | ${shown.join(' | ')} | tests |`,
    `| --- |${' --- |'.repeat(shown.length + 1)}`,
  ];
  for (const row of rows) {
    const ofRow = outcomes.filter(({ what }) => what === row);
    if (ofRow.length === 0) continue;
    const cells = shown.map((column) => cellOf(ofRow.filter(({ withWhom }) => withWhom === column)));
    const files = [...new Set(ofRow.map(({ file }) => `\`${file}\``))].sort();
    lines.push(`| ${row} | ${cells.join(' | ')} | ${files.join(', ')} |`);
  }
  lines.push('', '| program | versions |', '| --- | --- |');
  for (const column of shown) {
    const ofColumn = outcomes.filter(({ withWhom }) => withWhom === column);
    lines.push(`| ${column} | ${[...new Set(ofColumn.map(({ version }) => version))].sort().join(', ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** @param {readonly Outcome[]} outcomes of one cell */
function cellOf(outcomes) {
  if (outcomes.length === 0) return NOT_TRIED;
  const isGood = outcomes.every(({ outcome }) => outcome === 'passed');
  const oldest = outcomes.map(({ date }) => date).sort()[0];
  return `${isGood ? '✓' : '✗'} ${oldest}`;
}
