import { AlliumError } from '../../../codec/error.ts';
import type { TorrentRow } from '../../control/row.ts';
import { type JsonRecord, textIn, truthIn, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { groupGet, groupSet } from './groups.ts';
import { chosenBy } from './ids.ts';
import { oldSessionName, renamed } from './names.ts';
import { sessionGet } from './session-get.ts';
import { sessionSet } from './session-set.ts';
import { sessionStats } from './session-stats.ts';
import { torrentAdd } from './torrent-add.ts';
import { torrentGet } from './torrent-get.ts';
import { torrentSet } from './torrent-set.ts';

/** Answers with the arguments of the response; throws AlliumError. Names of `args` are new ones. */
export type Method = (args: JsonRecord, call: Call) => Promise<Record<string, unknown>>;

/** Every method, by its new name. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['torrent_start', forEach((row, { control }) => control.start(row.infoHash))],
  ['torrent_start_now', forEach(startNow)],
  ['torrent_stop', forEach((row, { control }) => control.stop(row.infoHash))],
  ['torrent_verify', forEach((row, { control }) => control.recheck(row.infoHash))],
  ['torrent_reannounce', forEach((row, { control }) => control.reannounce(row.infoHash))],
  ['torrent_get', torrentGet],
  ['torrent_set', torrentSet],
  ['torrent_add', torrentAdd],
  ['torrent_remove', torrentRemove],
  ['torrent_set_location', setLocation],
  ['torrent_rename_path', renamePath],
  ['session_get', sessionGet],
  ['session_set', sessionSet],
  ['session_stats', sessionStats],
  ['session_close', sessionClose],
  ['queue_move_top', moveInQueue('top')],
  ['queue_move_up', moveInQueue('up')],
  ['queue_move_down', moveInQueue('down')],
  ['queue_move_bottom', moveInQueue('bottom')],
  ['free_space', freeSpace],
  ['group_get', groupGet],
  ['group_set', groupSet],
  ['port_test', portTest],
  ['blocklist_update', blocklistUpdate],
]);

function forEach(act: (row: TorrentRow, call: Call) => Promise<void>): Method {
  return async (args, call) => {
    for (const row of chosenBy(args, call.control, call.recentSince).rows) {
      // One that has gone in the meantime is no error: all of them may be meant.
      if (call.control.row(row.infoHash) !== undefined) await act(row, call);
    }
    return {};
  };
}

async function startNow({ infoHash }: TorrentRow, { control }: Call): Promise<void> {
  await control.change(infoHash, { forced: true });
  await control.start(infoHash);
}

async function torrentRemove(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const deleteData = truthIn(args, 'delete_local_data') ?? false;
  return forEach((row, { control }) => control.remove(row.infoHash, { deleteData }))(args, call);
}

async function setLocation(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const location = textIn(args, 'location');
  const moveData = truthIn(args, 'move') ?? false;
  if (location === undefined || location === '') throw wrongValue('location', 'a folder');
  return forEach((row, { control }) => control.move(row.infoHash, location, { moveData }))(args, call);
}

async function renamePath(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const path = textIn(args, 'path');
  const name = textIn(args, 'name');
  if (path === undefined || name === undefined || name === '') throw wrongValue('path and name', 'both');
  const { rows } = chosenBy(args, call.control, call.recentSince);
  const row = rows[0];
  if (row === undefined || rows.length > 1) throw wrongValue('ids', 'exactly one torrent');
  await call.control.renamePath(row.infoHash, path, name);
  return { id: row.id, name, path };
}

function moveInQueue(where: 'top' | 'up' | 'down' | 'bottom'): Method {
  return async (args, call) => {
    const { rows } = chosenBy(args, call.control, call.recentSince);
    await call.control.moveInQueue(
      rows.map(({ infoHash }) => infoHash),
      where,
    );
    return {};
  };
}

async function freeSpace(args: JsonRecord, { control, style }: Call): Promise<Record<string, unknown>> {
  const path = textIn(args, 'path');
  if (path === undefined || !path.startsWith('/')) throw wrongValue('path', 'an absolute path');
  const { freeBytes, totalBytes } = await control.freeSpace(path);
  const answer = { path, size_bytes: freeBytes };
  return { ...(style === 'new' ? answer : renamed(answer, oldSessionName)), total_size: totalBytes };
}

async function sessionClose(_: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  call.shutDown();
  return {};
}

async function portTest(): Promise<Record<string, unknown>> {
  throw new AlliumError('BAD_USAGE', 'the port was not tested: only a service outside could do that', {
    advice: 'Peers that are incoming show that it is open.',
  });
}

async function blocklistUpdate(): Promise<Record<string, unknown>> {
  throw new AlliumError('BAD_USAGE', 'the node fetches no blocklists', {
    advice: 'Give a file with the setting blocklist.',
  });
}
