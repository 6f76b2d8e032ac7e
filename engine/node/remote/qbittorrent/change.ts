import { parseEndpoint } from '../../../codec/endpoint.ts';
import type { TorrentChange } from '../../control/control.ts';
import type { FileWish } from '../../control/details.ts';
import type { TorrentRow } from '../../control/row.ts';
import { wrongValue } from '../values.ts';
import { type Call, DONE, type Reply } from './call.ts';
import { theChosen, theOne } from './hashes.ts';
import { seedLimitsIn } from './limits.ts';

const RATE_MAX = Number.MAX_SAFE_INTEGER;
const PEERS_MAX = 1_000;
const WISHES: Readonly<Record<string, FileWish>> = { 0: 0, 1: 2, 4: 2, 6: 3, 7: 3 };

type Act = (row: TorrentRow, call: Call) => Promise<void>;

/** Does something to every torrent of `hashes`; one that goes meanwhile is left out. */
export function toEach(act: Act): (call: Call) => Promise<Reply> {
  return async (call) => {
    for (const row of theChosen(call)) {
      if (call.control.row(row.infoHash) !== undefined) await act(row, call);
    }
    return DONE;
  };
}

/** The same for one change, made from the parameters and the row. */
export function changeEach(
  changeOf: (row: TorrentRow, call: Call) => TorrentChange,
): (call: Call) => Promise<Reply> {
  return toEach((row, call) => call.control.change(row.infoHash, changeOf(row, call)));
}

export function moveInQueue(where: 'top' | 'up' | 'down' | 'bottom'): (call: Call) => Promise<Reply> {
  return async (call) => {
    await call.control.moveInQueue(
      theChosen(call).map(({ infoHash }) => infoHash),
      where,
    );
    return DONE;
  };
}

export const remove = toEach((row, { control, params }) =>
  control.remove(row.infoHash, { deleteData: params.truth('deleteFiles') === true }),
);

export const setShareLimits = changeEach((row, { params }) => ({
  seedLimits: seedLimitsIn(params, row.seedLimits),
}));

export const setForceStart = toEach(async ({ infoHash }, { control, params }) => {
  const forced = params.truth('value') === true;
  await control.change(infoHash, { forced });
  if (forced) await control.start(infoHash);
});

export const setDownloadLimit = changeEach((_, { params }) => ({
  downLimit: Math.max(0, params.whole('limit', -1, RATE_MAX) ?? 0),
}));

export const setUploadLimit = changeEach((_, { params }) => ({
  upLimit: Math.max(0, params.whole('limit', -1, RATE_MAX) ?? 0),
}));

/** `value` as a truth, for the methods that have one. */
export function truthOf({ params }: Call): boolean {
  const value = params.truth('value');
  if (value === undefined) throw wrongValue('value', 'true or false');
  return value;
}

export async function limitsOf(call: Call, limitOf: (row: TorrentRow) => number): Promise<Reply> {
  const pairs = theChosen(call).map((row) => [row.infoHash, limitOf(row)] as const);
  return { json: Object.fromEntries(pairs) };
}

export async function setLocation(call: Call): Promise<Reply> {
  const location = call.params.needed('location');
  if (!location.startsWith('/')) throw wrongValue('location', 'an absolute path');
  return toEach(({ infoHash }, { control }) => control.move(infoHash, location, { moveData: true }))(call);
}

/** How it is shown; its files keep their names. */
export async function rename(call: Call): Promise<Reply> {
  const row = theOne(call);
  const name = call.params.needed('name').trim();
  if (name === '') return { text: 'A torrent needs a name', status: 409 };
  await call.control.change(row.infoHash, { name });
  return DONE;
}

/** `renameFile` and `renameFolder`: from `oldPath` to `newPath`, which may differ in the last name only. */
export async function renamePath(call: Call): Promise<Reply> {
  const row = theOne(call);
  const from = call.params.needed('oldPath').replace(/\/$/, '').split('/');
  const to = call.params.needed('newPath').replace(/\/$/, '').split('/');
  const name = to.at(-1) ?? '';
  if (name === '' || from.slice(0, -1).join('/') !== to.slice(0, -1).join('/')) {
    return { text: 'Only the last name of a path can be changed', status: 409 };
  }
  await call.control.renamePath(row.infoHash, from.join('/'), name);
  return DONE;
}

export async function filePriority(call: Call): Promise<Reply> {
  const row = theOne(call);
  const text = call.params.needed('priority').trim();
  const wish = Object.hasOwn(WISHES, text) ? WISHES[text] : undefined;
  if (wish === undefined) throw wrongValue('priority', '0, 1, 6 or 7');
  call.params.needed('id');
  const { files } = await call.control.detail(row.infoHash);
  const known = new Set(files.map(({ index }) => index));
  const indexes = call.params.list('id', '|').map(Number);
  if (!indexes.every((index) => Number.isInteger(index))) throw wrongValue('id', 'numbers of files');
  if (!indexes.every((index) => known.has(index))) return { text: 'There is no such file', status: 409 };
  await call.control.change(row.infoHash, { wishes: new Map(indexes.map((index) => [index, wish])) });
  return DONE;
}

/** Trackers by tier, as they are. */
async function tiersOf({ control }: Call, row: TorrentRow): Promise<string[][]> {
  const tiers = new Map<number, string[]>();
  for (const { tier, url } of (await control.detail(row.infoHash)).trackers) {
    tiers.set(tier, [...(tiers.get(tier) ?? []), url]);
  }
  return [...tiers.values()];
}

export async function addTrackers(call: Call): Promise<Reply> {
  const row = theOne(call);
  const tiers = await tiersOf(call, row);
  const known = new Set(tiers.flat());
  const added = call.params.list('urls', '\n').filter((url) => !known.has(url));
  const trackers = [...tiers, ...[...new Set(added)].map((url) => [url])];
  await call.control.change(row.infoHash, { trackers });
  return DONE;
}

export async function editTracker(call: Call): Promise<Reply> {
  const row = theOne(call);
  const from = call.params.text('origUrl') ?? call.params.needed('url');
  const to = call.params.needed('newUrl');
  const tiers = await tiersOf(call, row);
  if (!tiers.flat().includes(from)) return { text: 'There is no such tracker', status: 409 };
  const trackers = tiers.map((tier) => tier.map((url) => (url === from ? to : url)));
  await call.control.change(row.infoHash, { trackers });
  return DONE;
}

export async function removeTrackers(call: Call): Promise<Reply> {
  const row = theOne(call);
  const removed = new Set(call.params.list('urls', '|'));
  const tiers = await tiersOf(call, row);
  const trackers = tiers.map((tier) => tier.filter((url) => !removed.has(url)));
  await call.control.change(row.infoHash, { trackers: trackers.filter((tier) => tier.length > 0) });
  return DONE;
}

export async function addPeers(call: Call): Promise<Reply> {
  const texts = call.params.list('peers', '|');
  const peers = texts.map(parseEndpoint).filter((peer) => peer !== undefined);
  if (peers.length === 0 || peers.length > PEERS_MAX) {
    throw wrongValue('peers', `HOST:PORT, up to ${PEERS_MAX} with | between`);
  }
  const added: Record<string, { added: number; failed: number }> = {};
  for (const { infoHash } of theChosen(call)) {
    call.control.addPeers(infoHash, peers);
    added[infoHash] = { added: peers.length, failed: texts.length - peers.length };
  }
  return { json: added };
}

/** It is always off: a torrent stays where it is when its category moves. */
export async function setAutoManagement({ params }: Call): Promise<Reply> {
  if (params.truth('enable') === true) {
    return { text: 'Torrents are not moved with their category', status: 409 };
  }
  return DONE;
}
