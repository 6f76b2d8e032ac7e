import { AlliumError } from '../../../codec/error.ts';
import type { TorrentChange } from '../../control/control.ts';
import type { SeedLimits, TorrentRow } from '../../control/row.ts';
import { ensureCategory } from '../ensure-category.ts';
import { type JsonRecord, numberIn, textIn, textsIn, truthIn, wholeIn, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { chosenBy } from './ids.ts';
import { KILO_MAX, limitOf } from './units.ts';
import { changedWishes } from './wishes.ts';

type Draft = { -readonly [K in keyof TorrentChange]: TorrentChange[K] };

const MINUTE_MS = 60_000;
/** Bytes per second, where a limit is switched on that never had a number: Transmission's own. */
const DEFAULT_LIMIT = 100_000;
const STEPS_MAX = 1_000;

/** `torrent_set`. What cannot be kept is refused, so that nobody believes it holds. */
export async function torrentSet(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const { control } = call;
  refuseUnkept(args);
  const { rows } = chosenBy(args, control, call.recentSince);
  for (const row of rows) {
    const change = await changeOf(args, row, call);
    await ensureCategory(control, change.category ?? '');
    if (Object.keys(change).length > 0) await control.change(row.infoHash, change);
    const location = textIn(args, 'location');
    if (location !== undefined) await control.move(row.infoHash, location, { moveData: true });
    const place = wholeIn(args, 'queue_position', 0, Number.MAX_SAFE_INTEGER);
    if (place !== undefined) await moveTo(place, row, call);
  }
  return {};
}

function refuseUnkept(args: JsonRecord): void {
  if ((numberIn(args, 'bandwidth_priority') ?? 0) !== 0) {
    throw new AlliumError('BAD_USAGE', 'torrents have no priority over each other', {
      advice: 'Use limits of torrents or groups, or the queue.',
    });
  }
  if (truthIn(args, 'honors_session_limits') === false) {
    throw new AlliumError('BAD_USAGE', 'the limits of the session hold for every torrent');
  }
}

async function changeOf(args: JsonRecord, row: TorrentRow, call: Call): Promise<TorrentChange> {
  const change: Draft = {};
  const limit = (name: string, now: number): number | undefined =>
    limitOf(
      wholeIn(args, `${name}_limit`, 0, KILO_MAX),
      truthIn(args, `${name}_limited`),
      now,
      DEFAULT_LIMIT,
    );
  const downLimit = limit('download', row.downLimit);
  const upLimit = limit('upload', row.upLimit);
  const seedLimits = seedLimitsOf(args, row.seedLimits);
  const category = textIn(args, 'group');
  const tags = textsIn(args, 'labels');
  const peersMax = wholeIn(args, 'peer_limit', 1, 100_000);
  const sequential = truthIn(args, 'sequential_download');
  if (downLimit !== undefined) change.downLimit = downLimit;
  if (upLimit !== undefined) change.upLimit = upLimit;
  if (seedLimits !== undefined) change.seedLimits = seedLimits;
  if (category !== undefined) change.category = category;
  if (tags !== undefined) change.tags = [...new Set(tags)];
  if (peersMax !== undefined) change.peersMax = peersMax;
  if (sequential !== undefined) change.sequential = sequential;
  const wishes = await changedWishes(args, async () => (await call.control.detail(row.infoHash)).files);
  if (wishes !== undefined && wishes.size > 0) change.wishes = wishes;
  const trackers = await trackersOf(args, row, call);
  if (trackers !== undefined) change.trackers = trackers;
  return change;
}

/** Rules for seeds from the four arguments they are made of; undefined: none of them is there. */
function seedLimitsOf(args: JsonRecord, before: SeedLimits): SeedLimits | undefined {
  const ratioMode = wholeIn(args, 'seed_ratio_mode', 0, 2);
  const ratioLimit = numberIn(args, 'seed_ratio_limit');
  const idleMode = wholeIn(args, 'seed_idle_mode', 0, 2);
  const idleMinutes = numberIn(args, 'seed_idle_limit');
  if ((ratioMode ?? ratioLimit ?? idleMode ?? idleMinutes) === undefined) return undefined;
  const ratio = ruleOf(ratioMode, ratioLimit, before.ratio);
  const idleTimeMs = ruleOf(
    idleMode,
    idleMinutes === undefined ? undefined : idleMinutes * MINUTE_MS,
    before.idleTimeMs,
  );
  const { seedTimeMs } = before;
  return {
    ...(ratio === undefined ? {} : { ratio }),
    ...(idleTimeMs === undefined ? {} : { idleTimeMs }),
    ...(seedTimeMs === undefined ? {} : { seedTimeMs }),
  };
}

/** Without a mode, a number only takes the place of one that holds. */
function ruleOf(
  mode: number | undefined,
  limit: number | undefined,
  before: number | undefined,
): number | undefined {
  if (limit !== undefined && limit < 0) throw wrongValue('the limit', 'a number from 0 on');
  if (mode === 0) return undefined;
  if (mode === 2) return Number.POSITIVE_INFINITY;
  const own = before === Number.POSITIVE_INFINITY ? undefined : before;
  if (mode === 1) {
    const now = limit ?? own;
    if (now === undefined) throw wrongValue('the mode', 'the limit with it');
    return now;
  }
  return limit !== undefined && own !== undefined ? limit : before;
}

/** All trackers anew: from the list of 4.0, or from the three older arguments. */
async function trackersOf(
  args: JsonRecord,
  row: TorrentRow,
  { control }: Call,
): Promise<readonly (readonly string[])[] | undefined> {
  const list = textIn(args, 'tracker_list');
  if (list !== undefined) return tiersOf(list);
  const add = textsIn(args, 'tracker_add');
  const remove = args['tracker_remove'];
  const replace = args['tracker_replace'];
  if ((add ?? remove ?? replace) === undefined) return undefined;
  const { trackers } = await control.detail(row.infoHash);
  const removed = new Set(listOf(remove, 'tracker_remove'));
  const replaced = pairsOf(listOf(replace, 'tracker_replace'));
  const tiers = new Map<number, string[]>();
  for (const [id, { url, tier }] of trackers.entries()) {
    if (removed.has(id) || removed.has(url)) continue;
    tiers.set(tier, [...(tiers.get(tier) ?? []), replaced.get(id) ?? url]);
  }
  return [...tiers.values(), ...(add ?? []).map((url) => [url])];
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw wrongValue(name, 'a list');
}

/** `[id, url, id, url, …]`. */
function pairsOf(list: readonly unknown[]): ReadonlyMap<number, string> {
  const pairs = new Map<number, string>();
  for (let index = 0; index < list.length; index += 2) {
    const [id, url] = [list[index], list[index + 1]];
    if (typeof id !== 'number' || typeof url !== 'string')
      throw wrongValue('tracker_replace', 'pairs of id and URL');
    pairs.set(id, url);
  }
  return pairs;
}

/** One URL a line, an empty line between tiers. */
function tiersOf(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll('\r', '')
    .split(/\n[ \t]*\n/)
    .map((tier) => tier.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()])))
    .filter((tier) => tier.length > 0);
}

async function moveTo(place: number, row: TorrentRow, { control }: Call): Promise<void> {
  const hashes = [row.infoHash];
  if (place === 0) return control.moveInQueue(hashes, 'top');
  if (place >= control.rows.size - 1) return control.moveInQueue(hashes, 'bottom');
  const steps = place - row.queuePosition;
  if (Math.abs(steps) > STEPS_MAX) throw wrongValue('queue_position', `a place at most ${STEPS_MAX} away`);
  for (let step = 0; step < Math.abs(steps); step++) {
    await control.moveInQueue(hashes, steps < 0 ? 'up' : 'down');
  }
}
