import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatBytes } from '../codec/units.ts';
import type { ImportLine, ImportTotals } from '../node/import/plan.ts';
import type { PathMapping } from '../node/import/source-paths.ts';
import type { ImportKind } from '../node/import/types.ts';
import { paletteFor } from './support/colour.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';
import { formatTable } from './support/table.ts';

interface ImportWords {
  readonly from?: ImportKind;
  readonly state?: string;
  readonly settings?: string;
  readonly map?: readonly PathMapping[];
  readonly apply?: true;
  readonly json?: true;
}

/** Lines of the table; JSON has all. */
const LINES_MAX = 10_000;

/** `allium import`: take the torrents of another program over. */
export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .summary('take over the torrents of another program')
    .description(
      'Take over the torrents of qBittorrent (and what else stands on libtorrent), Transmission, rTorrent or ' +
        'Deluge from its state folder. The data stays where it is and is not read: what that program had verified is ' +
        'believed where files are as long and as old as it says; the node hashes the rest when it starts. Without ' +
        '--apply it only says what it would do. Stop the other program first, and the node.',
    )
    .argument('<folder>', 'the state folder of the other program')
    .addOption(
      new Option('--from <program>', 'whose folder it is (default: what it looks like)').choices([
        'qbittorrent',
        'transmission',
        'rtorrent',
        'deluge',
      ]),
    )
    .option('--state <folder>', 'state folder of the node (as `allium node` has it)')
    .option('--settings <file>', 'a JSON file with the settings of the node')
    .option('--map <old=new>', 'a folder that the other program saw under another name', mapValue)
    .option('--apply', 'do it')
    .option('--json', 'print the result as JSON');
  addExamples(command, [
    ['import ~/.local/share/qBittorrent', 'Say what would be taken over'],
    ['import ~/.config/transmission-daemon --apply', 'Take it over'],
    ['import /srv/session --map /downloads=/mnt/disk1/downloads --apply', 'From a container'],
  ]);
  command.action((folder: string, words: ImportWords) =>
    runCommand({ name: 'import', json: words.json === true }, (signal) => importFrom(folder, words, signal)),
  );
}

function mapValue(text: string, before: readonly PathMapping[] = []): readonly PathMapping[] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Give OLD=NEW, two folders.');
  return [...before, { from: text.slice(0, at), to: resolve(text.slice(at + 1)) }];
}

async function importFrom(folder: string, words: ImportWords, signal: AbortSignal): Promise<ExitCode> {
  const { resolveSettings } = await import('../node/settings.ts');
  const { findSource } = await import('../node/import/read-source.ts');
  const { runImport } = await import('../node/import/run-import.ts');
  const settings = resolveSettings({
    flags: words.state === undefined ? {} : { state: words.state },
    env: process.env,
    threads: availableParallelism(),
    ...(words.settings === undefined ? {} : { file: words.settings }),
  });
  const source = findSource(resolve(folder), words.from);
  const isDry = words.apply !== true;
  const lines: ImportLine[] = [];
  const totals = await runImport({
    source,
    state: settings.state,
    mappings: words.map ?? [],
    isDry,
    nowMs: Date.now(),
    signal,
    onLine: (line) => lines.push(line),
  });
  if (words.json) writeJson({ ...source, state: settings.state, isDry, ...totals, torrents: lines });
  else print(lines, totals, isDry);
  return EXIT.done;
}

function print(lines: readonly ImportLine[], totals: ImportTotals, isDry: boolean): void {
  const { bold, dim, green, yellow } = paletteFor(process.stdout);
  const rows = lines.slice(0, LINES_MAX).map((line) => [
    {
      text: wordFor(line, isDry),
      paint: line.outcome === 'taken' ? green : line.outcome === 'known' ? dim : yellow,
    },
    line.name,
    line.contentBytes === 0 ? '' : formatBytes(line.contentBytes),
    line.outcome === 'taken' ? shareOf(line.believedBytes, line.contentBytes) : '',
    line.doubtfulBytes === 0 ? '' : formatBytes(line.doubtfulBytes),
    line.note,
  ]);
  const columns = [
    { title: '' },
    { title: 'NAME', columnsMax: 60 },
    { title: 'SIZE', align: 'right' },
    { title: 'BELIEVED', align: 'right' },
    { title: 'TO HASH', align: 'right' },
    { title: 'NOTE' },
  ] as const;
  writeOut(formatTable(columns, rows, bold));
  if (lines.length > LINES_MAX) writeOut(`… and ${lines.length - LINES_MAX} more (--json has all)\n`);
  const verb = isDry ? 'would be taken over' : 'taken over';
  writeOut(
    `\n${totals.taken} ${verb} with ${formatBytes(totals.believedBytes)} believed and ` +
      `${formatBytes(totals.doubtfulBytes)} to hash; ${totals.known} known, ${totals.refused} left out.\n`,
  );
  if (isDry) writeErr('Nothing was changed; --apply does it.\n');
}

function wordFor(line: ImportLine, isDry: boolean): string {
  if (line.outcome === 'taken') return isDry ? 'take' : 'taken';
  return line.outcome === 'known' ? 'known' : 'left out';
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? '100 %' : `${Math.floor((part / whole) * 1000) / 10} %`;
}
