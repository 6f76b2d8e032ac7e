/**
 * Aim: what is printed is safe and tidy: a stranger's file name cannot command the terminal, tables line up, colours
 * and progress appear on a terminal only.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paletteFor, wantsColour } from '../../../engine/cli/support/colour.ts';
import { ProgressLine, progressText, RateMeter } from '../../../engine/cli/support/progress.ts';
import { formatTable } from '../../../engine/cli/support/table.ts';
import { columnsOf, printable, truncate } from '../../../engine/codec/text.ts';

const printing = suite('printing');

printing('control characters and turned writing are spelt out', () => {
  assert.is(printable('a\x1b[2Jb'), 'a\\x1b[2Jb');
  assert.is(printable('a\r\nb\0\x9b'), 'a\\x0d\\x0ab\\x00\\x9b');
  assert.is(printable('exe.\u202egpj'), 'exe.\\u202egpj');
  assert.is(printable('\ud800'), '\\ud800');
  assert.is(printable('Grüße 日本語 🎵'), 'Grüße 日本語 🎵');
});

printing('columns count what a terminal shows', () => {
  assert.is(columnsOf('abc'), 3);
  assert.is(columnsOf('日本'), 4);
  assert.is(columnsOf('e\u0301'), 1);
  assert.is(truncate('abcdef', 4), 'abc…');
  assert.is(truncate('日本語', 4), '日…');
  assert.is(truncate('abc', 3), 'abc');
  assert.is(truncate('abc', 0), '');
});

printing('a table lines up, cuts long cells and keeps colours out of the widths', () => {
  const red = (text: string): string => `\x1b[31m${text}\x1b[39m`;
  const text = formatTable(
    [{ title: 'name', columnsMax: 6 }, { title: 'size', align: 'right' }, { title: 'note' }],
    [
      ['abcdefghij', '1 B', { text: 'bad\n', paint: red }],
      ['日本', '10.0 KiB', ''],
    ],
  );
  assert.is(
    text,
    ['name        size  note', 'abcde…       1 B  \x1b[31mbad\\x0a\x1b[39m', '日本    10.0 KiB', ''].join(
      '\n',
    ),
  );
});

printing('colours: on a terminal, not with NO_COLOR or on a dumb one, forced when asked', () => {
  assert.is(wantsColour({ isTTY: true }, {}), true);
  assert.is(wantsColour({ isTTY: false }, {}), false);
  assert.is(wantsColour({}, {}), false);
  assert.is(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.is(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false);
  assert.is(wantsColour({ isTTY: false }, { FORCE_COLOR: '1' }), true);
  assert.is(wantsColour({ isTTY: true }, { FORCE_COLOR: '0' }), false);
  assert.is(paletteFor({ isTTY: true }, {}).red('x'), '\x1b[31mx\x1b[39m');
  assert.is(paletteFor({}, {}).bold('x'), 'x');
});

printing('progress is drawn at most ten times a second, fits the line, and only on a terminal', () => {
  const written: string[] = [];
  let now = 0;
  const stream = { isTTY: true, columns: 10, write: (text: string) => written.push(text) };
  const line = new ProgressLine(stream, () => now);
  for (now = 0; now < 250; now += 10) line.update(() => `${now} and much more`);
  assert.is(written.length, 3);
  assert.is(written[0], '\r\x1b[2K0 and mu…');
  line.clear();
  line.clear();
  assert.equal(written.slice(3), ['\r\x1b[2K']);

  const silent = new ProgressLine({ isTTY: false, write: () => assert.unreachable() });
  silent.update(() => assert.unreachable() as never);
  silent.clear();
  assert.not.ok(silent.active);
});

printing('the rate follows a change and starts without a bias', () => {
  let now = 0;
  const meter = new RateMeter(500, () => now);
  assert.is(meter.sample(500), 0);
  now = 100;
  assert.is(Math.round(meter.sample(1_500)), 10_000);
  for (let i = 2; i <= 300; i += 1) {
    now = i * 100;
    meter.sample(1_500 + (i - 1) * 100);
  }
  const rate = meter.sample(1_500 + 299 * 100);
  assert.ok(Math.abs(rate - 1_000) < 20, `${rate}`);
});

printing('the progress text says how far, how fast, how long', () => {
  assert.is(
    progressText(256 * 1024, 1024 * 1024, 64 * 1024),
    '[██████                  ] 25.0 %  256 KiB of 1.00 MiB  64.0 KiB/s  12 s left',
  );
  assert.match(progressText(1, 2, 0), '∞ left');
  assert.match(progressText(0, 0, 0), '100.0 %');
});

printing.run();
