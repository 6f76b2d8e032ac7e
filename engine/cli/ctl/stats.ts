import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { formatBytes, formatDuration, formatRate } from '../../codec/units.ts';
import type { RemoteClient } from '../../node/remote/client.ts';
import { countValue } from '../support/option-values.ts';
import { writeOut } from '../support/output.ts';
import { formatTable } from '../support/table.ts';
import { type CtlWords, ctlCommand, type Told } from './context.ts';
import { listRows, listText, withState } from './list.ts';

const ROUNDS_MAX = 1_000_000;

interface Stats {
  readonly download_speed: number;
  readonly upload_speed: number;
  readonly torrent_count: number;
  readonly active_torrent_count: number;
  readonly paused_torrent_count: number;
  readonly current_stats: Totals;
  readonly cumulative_stats: Totals;
}

interface Totals {
  readonly uploaded_bytes: number;
  readonly downloaded_bytes: number;
  readonly seconds_active: number;
  readonly session_count: number;
}

interface WatchWords extends CtlWords {
  readonly every: number;
  readonly count?: number;
}

/** `stats` and `watch`. */
export function registerStats(ctl: Command): void {
  ctlCommand(
    ctl.command('stats').summary('show what the node does and has done'),
    ['ctl stats --json', 'The figures, for another program'],
    async (client) => statsOf(client),
  );
  ctlCommand<WatchWords>(
    ctl
      .command('watch')
      .summary('show what moves, again and again')
      .option('--every <seconds>', 'how often', countValue(1, 86_400), 2)
      .option('--count <rounds>', 'end after so many (with --json: 1)', countValue(1, ROUNDS_MAX)),
    ['ctl watch --every 5', 'Until it is interrupted'],
    watch,
  );
}

async function statsOf(client: RemoteClient): Promise<Told> {
  const json = await client.call('session_stats');
  const stats = json as unknown as Stats;
  const totals = (part: Totals): string[] => [
    formatBytes(part.downloaded_bytes),
    formatBytes(part.uploaded_bytes),
    formatDuration(part.seconds_active * 1000),
  ];
  const table = formatTable(
    [
      { title: '' },
      { title: 'downloaded', align: 'right' },
      { title: 'uploaded', align: 'right' },
      { title: 'time', align: 'right' },
    ],
    [
      ['this run', ...totals(stats.current_stats)],
      [`all ${stats.cumulative_stats.session_count} runs`, ...totals(stats.cumulative_stats)],
    ],
  );
  return { json, text: `${headline(stats)}\n${table}` };
}

function headline(stats: Stats): string {
  const { torrent_count, active_torrent_count, download_speed, upload_speed } = stats;
  return `${torrent_count} torrents, ${active_torrent_count} active; down ${formatRate(download_speed)}, up ${formatRate(upload_speed)}\n`;
}

/** Shows the torrents that move, each time as a whole; with `--json` all rounds in one list. */
async function watch(
  client: RemoteClient,
  words: WatchWords,
  _: readonly string[],
  signal: AbortSignal,
): Promise<Told | undefined> {
  const rounds: object[] = [];
  const isJson = words.json === true;
  const count = words.count ?? (isJson ? 1 : ROUNDS_MAX);
  for (let round = 0; round < count; round++) {
    // To be interrupted is how it ends.
    if (round > 0) await sleep(words.every * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const stats = (await client.call('session_stats')) as unknown as Stats;
    const moving = (await listRows(client)).filter((row) => row.rate_download > 0 || row.rate_upload > 0);
    if (isJson) {
      rounds.push({
        atMs: Date.now(),
        down: stats.download_speed,
        up: stats.upload_speed,
        torrents: moving.map(withState),
      });
    } else {
      writeOut(`${headline(stats)}${moving.length === 0 ? '' : listText(moving)}\n`);
    }
  }
  return isJson ? { json: rounds, text: '' } : undefined;
}
