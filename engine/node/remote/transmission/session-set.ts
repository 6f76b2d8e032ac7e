import { AlliumError } from '../../../codec/error.ts';
import type { NodeOptions } from '../../control/session-options.ts';
import { type JsonRecord, numberIn, textIn, truthIn, wholeIn, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { sessionFields } from './session-get.ts';
import { bytesOfKilo, KILO_MAX, limitOf } from './units.ts';

type Draft = { -readonly [K in keyof NodeOptions]?: NodeOptions[K] };
type Setter = (args: JsonRecord, draft: Draft, options: NodeOptions) => void;

const MINUTE_MS = 60_000;
const DEFAULT_LIMIT = 100_000;
const DEFAULT_QUEUE = 5;
const DEFAULT_STALLED_MS = 30 * MINUTE_MS;
const COUNT_MAX = 1_000_000;
const MINUTES_OF_DAY = 1_440;

/** Each knows the arguments it reads. */
const SETTERS: readonly (readonly [readonly string[], Setter])[] = [
  [['download_dir'], (args, draft) => put(draft, 'downloadRoot', textIn(args, 'download_dir'))],
  [
    ['speed_limit_down', 'speed_limit_down_enabled'],
    (args, draft, { downLimit }) => put(draft, 'downLimit', speedOf(args, 'speed_limit_down', downLimit)),
  ],
  [
    ['speed_limit_up', 'speed_limit_up_enabled'],
    (args, draft, { upLimit }) => put(draft, 'upLimit', speedOf(args, 'speed_limit_up', upLimit)),
  ],
  [['alt_speed_down'], (args, draft) => put(draft, 'altDownLimit', kiloIn(args, 'alt_speed_down'))],
  [['alt_speed_up'], (args, draft) => put(draft, 'altUpLimit', kiloIn(args, 'alt_speed_up'))],
  [['alt_speed_enabled'], (args, draft) => put(draft, 'altEnabled', truthIn(args, 'alt_speed_enabled'))],
  [
    ['alt_speed_time_begin', 'alt_speed_time_day', 'alt_speed_time_enabled', 'alt_speed_time_end'],
    setSchedule,
  ],
  [
    ['download_queue_enabled', 'download_queue_size'],
    (args, draft, { activeDownloadsMax }) =>
      put(draft, 'activeDownloadsMax', queueOf(args, 'download_queue', activeDownloadsMax)),
  ],
  [
    ['seed_queue_enabled', 'seed_queue_size'],
    (args, draft, { activeSeedsMax }) =>
      put(draft, 'activeSeedsMax', queueOf(args, 'seed_queue', activeSeedsMax)),
  ],
  [['queue_stalled_enabled', 'queue_stalled_minutes'], setStalled],
  [
    ['peer_limit_global'],
    (args, draft) => put(draft, 'connectionsMax', wholeIn(args, 'peer_limit_global', 1, 100_000)),
  ],
  [
    ['peer_limit_per_torrent'],
    (args, draft) => put(draft, 'peersPerTorrentMax', wholeIn(args, 'peer_limit_per_torrent', 1, 100_000)),
  ],
  [
    ['start_added_torrents'],
    (args, draft) => put(draft, 'startWhenAdded', truthIn(args, 'start_added_torrents')),
  ],
  [
    ['seed_ratio_limit', 'seed_ratio_limited', 'idle_seeding_limit', 'idle_seeding_limit_enabled'],
    setSeedLimits,
  ],
];

const SETTABLE = new Set(SETTERS.flatMap(([names]) => names));

/**
 * `session_set`. Arguments that this node cannot change while it runs are taken when they say what is so already, as
 * many remote controls send all they show; else nothing is changed and BAD_USAGE names them.
 */
export async function sessionSet(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const now = await sessionFields(call);
  for (const [name, value] of Object.entries(args)) {
    if (SETTABLE.has(name) || (Object.hasOwn(now, name) && isSame(now[name], value))) continue;
    throw new AlliumError('BAD_USAGE', `${name.slice(0, 100)} cannot be changed while the node runs`, {
      advice: 'See the settings of allium node.',
    });
  }
  const { options } = call.control;
  const draft: Draft = {};
  for (const [names, set] of SETTERS) {
    if (names.some((name) => args[name] !== undefined)) set(args, draft, options);
  }
  await call.control.setOptions(draft);
  return {};
}

function isSame(now: unknown, wanted: unknown): boolean {
  return typeof now === 'object' || now === wanted;
}

function put<K extends keyof NodeOptions>(draft: Draft, key: K, value: NodeOptions[K] | undefined): void {
  if (value !== undefined) draft[key] = value;
}

function kiloIn(args: JsonRecord, name: string): number | undefined {
  const kilo = wholeIn(args, name, 0, KILO_MAX);
  return kilo === undefined ? undefined : bytesOfKilo(kilo);
}

function speedOf(args: JsonRecord, name: string, now: number): number | undefined {
  return limitOf(wholeIn(args, name, 0, KILO_MAX), truthIn(args, `${name}_enabled`), now, DEFAULT_LIMIT);
}

/** A queue of 0 means that there is none; its size only counts while it is on. */
function queueOf(args: JsonRecord, name: string, now: number): number | undefined {
  const on = truthIn(args, `${name}_enabled`);
  const size = wholeIn(args, `${name}_size`, 0, COUNT_MAX);
  if (on === false) return 0;
  if (size !== undefined && (on === true || now > 0)) return Math.max(1, size);
  return on === true && now === 0 ? DEFAULT_QUEUE : undefined;
}

function setStalled(args: JsonRecord, draft: Draft, { stalledAfterMs }: NodeOptions): void {
  const on = truthIn(args, 'queue_stalled_enabled');
  const minutes = wholeIn(args, 'queue_stalled_minutes', 1, COUNT_MAX);
  if (on === false) draft.stalledAfterMs = 0;
  else if (minutes !== undefined && (on === true || stalledAfterMs > 0))
    draft.stalledAfterMs = minutes * MINUTE_MS;
  else if (on === true && stalledAfterMs === 0) draft.stalledAfterMs = DEFAULT_STALLED_MS;
}

function setSchedule(args: JsonRecord, draft: Draft, { altSchedule }: NodeOptions): void {
  const enabled = truthIn(args, 'alt_speed_time_enabled');
  const beginMinute = wholeIn(args, 'alt_speed_time_begin', 0, MINUTES_OF_DAY);
  const endMinute = wholeIn(args, 'alt_speed_time_end', 0, MINUTES_OF_DAY);
  const days = wholeIn(args, 'alt_speed_time_day', 0, 127);
  draft.altSchedule = {
    enabled: enabled ?? altSchedule.enabled,
    beginMinute: (beginMinute ?? altSchedule.beginMinute) % MINUTES_OF_DAY,
    endMinute: (endMinute ?? altSchedule.endMinute) % MINUTES_OF_DAY,
    days: days ?? altSchedule.days,
  };
}

function setSeedLimits(args: JsonRecord, draft: Draft, { seedLimits }: NodeOptions): void {
  const minutes = numberIn(args, 'idle_seeding_limit');
  const ratio = ruleOf(
    truthIn(args, 'seed_ratio_limited'),
    numberIn(args, 'seed_ratio_limit'),
    seedLimits.ratio,
  );
  const idleTimeMs = ruleOf(
    truthIn(args, 'idle_seeding_limit_enabled'),
    minutes === undefined ? undefined : minutes * MINUTE_MS,
    seedLimits.idleTimeMs,
  );
  const { seedTimeMs } = seedLimits;
  draft.seedLimits = {
    ...(ratio === undefined ? {} : { ratio }),
    ...(idleTimeMs === undefined ? {} : { idleTimeMs }),
    ...(seedTimeMs === undefined ? {} : { seedTimeMs }),
  };
}

function ruleOf(
  on: boolean | undefined,
  limit: number | undefined,
  before: number | undefined,
): number | undefined {
  if (limit !== undefined && limit < 0) throw wrongValue('the limit', 'a number from 0 on');
  if (on === false) return undefined;
  if (on === true && (limit ?? before) === undefined) throw wrongValue('the switch', 'the limit with it');
  return limit !== undefined && (on === true || before !== undefined) ? limit : before;
}
