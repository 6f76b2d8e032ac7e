import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isMagnetLink } from '../../bittorrent/magnet/parse.ts';
import type { RemoteClient } from '../../node/remote/client.ts';
import type { JsonRecord } from '../../node/remote/values.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { repeatedValue } from '../support/option-values.ts';
import { type CtlWords, ctlCommand, type Told } from './context.ts';
import { hashesOf, select, spoken } from './select.ts';

interface AddWords extends CtlWords {
  readonly to?: string;
  readonly category?: string;
  readonly tag?: readonly string[];
  readonly stopped?: true;
  readonly sequential?: true;
}

interface Added {
  readonly id: number;
  readonly name: string;
  readonly hash_string: string;
}

/** `add`, and what is done to torrents as a whole. */
export function registerActs(ctl: Command): void {
  ctlCommand<AddWords>(
    ctl
      .command('add <sources...>')
      .summary('add torrent files or magnet links')
      .option('--to <folder>', 'save it here')
      .option('--category <name>', 'put it in this category')
      .option('--tag <name>', 'give it a tag; repeatable', repeatedValue)
      .option('--stopped', 'do not start it')
      .option('--sequential', 'download it from the front'),
    ['ctl add debian.torrent --to /data/iso --tag linux', 'Add a torrent file'],
    add,
  );
  act(ctl, 'start', 'start torrents', ['ctl start all', 'Start everything'], 'torrent_start', 'started');
  act(ctl, 'stop', 'stop torrents', ['ctl stop 3 5', 'Stop two of them'], 'torrent_stop', 'stopped');
  act(
    ctl,
    'recheck',
    'read and verify the files of torrents',
    ['ctl recheck debian', 'Verify the torrent with that in its name'],
    'torrent_verify',
    'being checked',
  );
  ctlCommand<CtlWords & { readonly data?: true }>(
    ctl.command('remove <torrents...>').summary('remove torrents').option('--data', 'and delete their files'),
    ['ctl remove 3 --data', 'Remove a torrent and its files'],
    async (client, { data }, words) => {
      const named = await select(client, words);
      await client.call('torrent_remove', { ids: hashesOf(named), delete_local_data: data === true });
      return toldOf(named, 'removed');
    },
  );
  ctlCommand<CtlWords & { readonly there?: true }>(
    ctl
      .command('move <torrent> <folder>')
      .summary('move the files of a torrent')
      .option('--there', 'they are there already: only look there from now on'),
    ['ctl move 3 /data/new', 'Move a torrent to another disk'],
    async (client, { there }, [word = '', folder = '']) => {
      const named = await select(client, [word]);
      const location = resolve(folder);
      await client.call('torrent_set_location', { ids: hashesOf(named), location, move: there !== true });
      return toldOf(named, there === true ? `looked for in ${location}` : `being moved to ${location}`);
    },
  );
  ctlCommand(
    ctl.command('queue <where> <torrents...>').summary('move torrents in the queue: top, up, down or bottom'),
    ['ctl queue top 3', 'Let it be the next'],
    async (client, _, [where = '', ...words]) => {
      const named = await select(client, words);
      await client.call(`queue_move_${where.replaceAll(/[^a-z]/g, '')}`, { ids: hashesOf(named) });
      return toldOf(named, `moved in the queue: ${where}`);
    },
  );
}

function act(
  ctl: Command,
  name: string,
  summary: string,
  example: readonly [string, string],
  method: string,
  done: string,
): void {
  ctlCommand(ctl.command(`${name} <torrents...>`).summary(summary), example, async (client, _, words) => {
    const named = await select(client, words);
    await client.call(method, { ids: hashesOf(named) });
    return toldOf(named, done);
  });
}

export function toldOf(named: Parameters<typeof spoken>[0], done: string): Told {
  const verb = named.length === 1 ? 'is' : 'are';
  return { json: { torrents: hashesOf(named) }, text: `${spoken(named)} ${verb} ${done}.\n` };
}

async function add(client: RemoteClient, words: AddWords, sources: readonly string[]): Promise<Told> {
  const params: JsonRecord = {
    ...(words.to === undefined ? {} : { download_dir: resolve(words.to) }),
    ...(words.tag === undefined ? {} : { labels: words.tag }),
    ...(words.stopped === undefined ? {} : { paused: true }),
    ...(words.sequential === undefined ? {} : { sequential_download: true }),
    ...(words.category === undefined ? {} : { group: words.category }),
  };
  const added: object[] = [];
  let text = '';
  for (const source of sources) {
    const answer = await client.call('torrent_add', { ...params, ...(await sourceOf(source)) });
    const isNew = answer['torrent_added'] !== undefined;
    const { id, name, hash_string } = (answer['torrent_added'] ?? answer['torrent_duplicate']) as Added;
    added.push({ id, name, hash: hash_string, isNew });
    text += `“${name}” ${isNew ? 'was added' : 'was there already'}: ${id}.\n`;
  }
  return { json: added, text };
}

async function sourceOf(source: string): Promise<JsonRecord> {
  if (isMagnetLink(source)) return { filename: source };
  try {
    return { metainfo: (await readFile(source)).toString('base64') };
  } catch (error) {
    throw fileError(error, 'read', source);
  }
}
