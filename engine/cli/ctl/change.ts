import { type Command, InvalidArgumentError } from 'commander';
import { AlliumError } from '../../codec/error.ts';
import { formatBytes, formatPercent, formatRate } from '../../codec/units.ts';
import type { RemoteClient } from '../../node/remote/client.ts';
import { countValue, rateValue, repeatedValue } from '../support/option-values.ts';
import { type Column, formatTable } from '../support/table.ts';
import { toldOf } from './act.ts';
import { type CtlWords, ctlCommand, type Told } from './context.ts';
import { hashesOf, select, selectOne } from './select.ts';

const KILO = 1_000;

interface LimitWords extends CtlWords {
  readonly down?: number;
  readonly up?: number;
  readonly ratio?: number | 'node' | 'off';
  readonly idle?: number;
}

interface FileWords extends CtlWords {
  readonly want?: readonly number[];
  readonly skip?: readonly number[];
  readonly high?: readonly number[];
  readonly low?: readonly number[];
}

/** `limits`, `category`, `tags` and `files`. */
export function registerChanges(ctl: Command): void {
  ctlCommand<LimitWords>(
    ctl
      .command('limits [torrents...]')
      .summary('limit torrents, or without any the whole node')
      .option('--down <rate>', 'download at most so fast; off: as fast as it goes', rateValue)
      .option('--up <rate>', 'upload at most so fast', rateValue)
      .option(
        '--ratio <ratio>',
        'seed until so much is uploaded; off: for ever; node: as the node',
        ratioValue,
      )
      .option('--idle <minutes>', 'stop after so long without an upload', countValue(1, 10_000_000)),
    ['ctl limits 3 --up 2MiB/s --ratio 2', 'Limit one torrent'],
    limits,
  );
  ctlCommand(
    ctl
      .command('category [name] [torrents...]')
      .summary('put torrents in a category, or without any list the categories'),
    ['ctl category films 3 5', 'Put two torrents in a category'],
    category,
  );
  ctlCommand<CtlWords & { readonly add?: readonly string[]; readonly remove?: readonly string[] }>(
    ctl
      .command('tags <torrents...>')
      .summary('show, add and remove tags')
      .option('--add <tag>', 'repeatable', repeatedValue)
      .option('--remove <tag>', 'repeatable', repeatedValue),
    ['ctl tags all --add seen', 'Give every torrent a tag'],
    tags,
  );
  ctlCommand<FileWords>(
    ctl
      .command('files <torrent>')
      .summary('show the files of a torrent, and choose among them')
      .option('--want <numbers>', 'download these, such as 0,2', numbersValue)
      .option('--skip <numbers>', 'do not download these', numbersValue)
      .option('--high <numbers>', 'these first', numbersValue)
      .option('--low <numbers>', 'these last', numbersValue),
    ['ctl files 3 --skip 1,2', 'Leave out two files'],
    files,
  );
}

function ratioValue(text: string): number | 'node' | 'off' {
  if (text === 'node' || text === 'off') return text;
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number, off or node.');
}

function numbersValue(text: string): readonly number[] {
  if (/^\d{1,9}(?:,\d{1,9})*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('Give numbers with commas between, such as 0,2.');
}

async function limits(client: RemoteClient, words: LimitWords, args: readonly string[]): Promise<Told> {
  const { down, up, ratio, idle } = words;
  if ((down ?? up ?? ratio ?? idle) === undefined) {
    throw new AlliumError('BAD_USAGE', 'no limit was given', { advice: 'See allium ctl limits --help.' });
  }
  if (args.length > 0) {
    const named = await select(client, args);
    await client.call('torrent_set', {
      ids: hashesOf(named),
      ...speed('download_limit', 'download_limited', down),
      ...speed('upload_limit', 'upload_limited', up),
      ...(ratio === undefined ? {} : ratioMode(ratio)),
      ...(idle === undefined ? {} : { seed_idle_mode: 1, seed_idle_limit: idle }),
    });
    return toldOf(named, 'limited');
  }
  if (ratio === 'node') throw new AlliumError('BAD_USAGE', 'the node has a ratio of its own, or off');
  await client.call('session_set', {
    ...speed('speed_limit_down', 'speed_limit_down_enabled', down),
    ...speed('speed_limit_up', 'speed_limit_up_enabled', up),
    ...(ratio === undefined
      ? {}
      : { seed_ratio_limited: ratio !== 'off', ...(ratio === 'off' ? {} : { seed_ratio_limit: ratio }) }),
    ...(idle === undefined ? {} : { idle_seeding_limit_enabled: true, idle_seeding_limit: idle }),
  });
  return { json: { torrents: [] }, text: 'The node is limited.\n' };
}

function speed(limit: string, limited: string, rate: number | undefined): Record<string, unknown> {
  if (rate === undefined) return {};
  return Number.isFinite(rate) ? { [limit]: Math.round(rate / KILO), [limited]: true } : { [limited]: false };
}

function ratioMode(ratio: number | 'node' | 'off'): Record<string, unknown> {
  if (ratio === 'node') return { seed_ratio_mode: 0 };
  return ratio === 'off' ? { seed_ratio_mode: 2 } : { seed_ratio_mode: 1, seed_ratio_limit: ratio };
}

interface Group {
  readonly name: string;
  readonly speed_limit_down: number;
  readonly speed_limit_down_enabled: boolean;
  readonly speed_limit_up: number;
  readonly speed_limit_up_enabled: boolean;
}

async function category(client: RemoteClient, _: CtlWords, args: readonly string[]): Promise<Told> {
  const [name, ...words] = args.filter((arg) => arg !== undefined);
  if (name !== undefined && words.length === 0) {
    throw new AlliumError('BAD_USAGE', 'no torrents were named', {
      advice: 'See allium ctl category --help.',
    });
  }
  if (name !== undefined) {
    const named = await select(client, words);
    await client.call('torrent_set', { ids: hashesOf(named), group: name });
    return toldOf(named, `in the category “${name}”`);
  }
  const { group } = await client.call('group_get');
  const groups = group as readonly Group[];
  const limit = (kilo: number, on: boolean): string => (on ? formatRate(kilo * KILO) : '');
  const rows = groups.map((one) => [
    one.name,
    limit(one.speed_limit_down, one.speed_limit_down_enabled),
    limit(one.speed_limit_up, one.speed_limit_up_enabled),
  ]);
  const columns: Column[] = [
    { title: 'category' },
    { title: 'down', align: 'right' },
    { title: 'up', align: 'right' },
  ];
  return { json: groups, text: rows.length === 0 ? 'There are none.\n' : formatTable(columns, rows) };
}

async function tags(
  client: RemoteClient,
  words: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  args: readonly string[],
): Promise<Told> {
  const named = await select(client, args);
  const removed = new Set(words.remove);
  const { torrents } = await client.call('torrent_get', {
    ids: hashesOf(named),
    fields: ['hash_string', 'name', 'labels'],
  });
  const rows: { hash: string; name: string; tags: readonly string[] }[] = [];
  for (const row of torrents as readonly { hash_string: string; name: string; labels: readonly string[] }[]) {
    const wanted = [...new Set([...row.labels, ...(words.add ?? [])])].filter((tag) => !removed.has(tag));
    if (wanted.join('\n') !== row.labels.join('\n')) {
      await client.call('torrent_set', { ids: [row.hash_string], labels: wanted });
    }
    rows.push({ hash: row.hash_string, name: row.name, tags: wanted });
  }
  return {
    json: rows,
    text: formatTable(
      [{ title: 'name', columnsMax: 60 }, { title: 'tags' }],
      rows.map((row) => [row.name, row.tags.join(', ')]),
    ),
  };
}

interface FileStat {
  readonly name: string;
  readonly length: number;
  readonly bytes_completed: number;
}

async function files(client: RemoteClient, words: FileWords, [word = '']: readonly string[]): Promise<Told> {
  const { hash } = await selectOne(client, word);
  const changes = {
    ...(words.want === undefined ? {} : { files_wanted: words.want }),
    ...(words.skip === undefined ? {} : { files_unwanted: words.skip }),
    ...(words.high === undefined ? {} : { priority_high: words.high }),
    ...(words.low === undefined ? {} : { priority_low: words.low }),
  };
  if (Object.keys(changes).length > 0) await client.call('torrent_set', { ids: [hash], ...changes });
  const { torrents } = await client.call('torrent_get', {
    ids: [hash],
    fields: ['files', 'wanted', 'priorities'],
  });
  const [torrent] = torrents as [{ files: FileStat[]; wanted: boolean[]; priorities: number[] }];
  const rows = torrent.files.map((file, number) => ({
    number,
    name: file.name,
    byteLength: file.length,
    doneBytes: file.bytes_completed,
    wish:
      torrent.wanted[number] === true
        ? (['low', 'normal', 'high'][(torrent.priorities[number] ?? 0) + 1] ?? '')
        : 'no',
  }));
  const columns: Column[] = [
    { title: 'number', align: 'right' },
    { title: 'done', align: 'right' },
    { title: 'size', align: 'right' },
    { title: 'wanted' },
    { title: 'name' },
  ];
  const text = formatTable(
    columns,
    rows.map(({ number, name, byteLength, doneBytes, wish }) => [
      String(number),
      formatPercent(byteLength === 0 ? 1 : doneBytes / byteLength),
      formatBytes(byteLength),
      wish,
      name,
    ]),
  );
  return { json: rows, text };
}
