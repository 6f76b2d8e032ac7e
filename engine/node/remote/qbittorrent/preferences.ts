import { parseEndpoint } from '../../../codec/endpoint.ts';
import { AlliumError } from '../../../codec/error.ts';
import type { NodeOptions } from '../../control/session-options.ts';
import { isRecord, type JsonRecord, numberIn, textIn, truthIn, wholeIn, wrongValue } from '../values.ts';
import { type Call, DONE, type Reply } from './call.ts';

type Draft = { -readonly [K in keyof NodeOptions]?: NodeOptions[K] };

const MINUTE_MS = 60_000;
const RATE_MAX = Number.MAX_SAFE_INTEGER;
const QUEUE_DEFAULT = 5;
const ENCRYPTION = { prefer: 0, require: 1, off: 2 } as const;

/** `app/preferences`, as far as this node has such a thing. */
export async function preferences(call: Call): Promise<Reply> {
  return { json: preferencesOf(call) };
}

function preferencesOf({ control, facts }: Call): Record<string, unknown> {
  const { options } = control;
  const { altSchedule, seedLimits } = options;
  const rule = (limit: number | undefined, unit = 1): number =>
    limit === undefined || !Number.isFinite(limit) ? -1 : unit === 1 ? limit : Math.round(limit / unit);
  const ratio = rule(seedLimits.ratio);
  const seedTime = rule(seedLimits.seedTimeMs, MINUTE_MS);
  const idleTime = rule(seedLimits.idleTimeMs, MINUTE_MS);
  return {
    add_stopped_enabled: !options.startWhenAdded,
    start_paused_enabled: !options.startWhenAdded,
    alt_dl_limit: options.altDownLimit,
    alt_up_limit: options.altUpLimit,
    anonymous_mode: false,
    auto_tmm_enabled: false,
    create_subfolder_enabled: true,
    torrent_content_layout: 'Original',
    dht: facts.dht,
    dl_limit: options.downLimit,
    up_limit: options.upLimit,
    encryption: ENCRYPTION[facts.encryption],
    export_dir: '',
    listen_port: parseEndpoint(control.stats().listening)?.port ?? 0,
    lsd: facts.lsd,
    max_active_downloads: options.activeDownloadsMax,
    max_active_torrents: -1,
    max_active_uploads: options.activeSeedsMax,
    max_connec: options.connectionsMax,
    max_connec_per_torrent: options.peersPerTorrentMax,
    max_ratio: ratio,
    // Reached, a torrent is stopped.
    max_ratio_act: 0,
    max_ratio_enabled: ratio >= 0,
    max_seeding_time: seedTime,
    max_seeding_time_enabled: seedTime >= 0,
    max_inactive_seeding_time: idleTime,
    max_inactive_seeding_time_enabled: idleTime >= 0,
    max_uploads: -1,
    max_uploads_per_torrent: options.uploadSlotsPerTorrent === 0 ? -1 : options.uploadSlotsPerTorrent,
    pex: facts.pex,
    preallocate_all: false,
    queueing_enabled: options.activeDownloadsMax > 0 || options.activeSeedsMax > 0,
    resume_data_storage_type: 'Legacy',
    save_path: options.downloadRoot,
    schedule_from_hour: Math.floor(altSchedule.beginMinute / 60),
    schedule_from_min: altSchedule.beginMinute % 60,
    schedule_to_hour: Math.floor(altSchedule.endMinute / 60),
    schedule_to_min: altSchedule.endMinute % 60,
    scheduler_enabled: altSchedule.enabled,
    temp_path: '',
    temp_path_enabled: false,
    upnp: false,
    use_subcategories: false,
    web_ui_csrf_protection_enabled: true,
    web_ui_host_header_validation_enabled: true,
  };
}

/**
 * `app/setPreferences`: a part of them as JSON. Those that only say what is so already are taken; nothing is changed
 * when one cannot be.
 */
export async function setPreferences(call: Call): Promise<Reply> {
  const wanted = recordOf(call.params.needed('json'));
  const now = preferencesOf(call);
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(now, name)) continue;
    if (SETTABLE.has(name)) changed[name] = value;
    else if (now[name] !== value) {
      throw new AlliumError('BAD_USAGE', `the preference ${name} cannot be changed while the node runs`);
    }
  }
  await call.control.setOptions(draftOf(changed, call.control.options));
  return DONE;
}

const SETTABLE: ReadonlySet<string> = new Set([
  ...['add_stopped_enabled', 'start_paused_enabled', 'save_path', 'queueing_enabled'],
  ...['dl_limit', 'up_limit', 'alt_dl_limit', 'alt_up_limit'],
  ...['max_active_downloads', 'max_active_uploads', 'max_connec', 'max_connec_per_torrent'],
  ...['max_ratio', 'max_ratio_enabled', 'max_seeding_time', 'max_seeding_time_enabled'],
  ...['max_inactive_seeding_time', 'max_inactive_seeding_time_enabled'],
  ...['schedule_from_hour', 'schedule_from_min', 'schedule_to_hour', 'schedule_to_min', 'scheduler_enabled'],
]);

function recordOf(json: string): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Said below.
  }
  if (!isRecord(value)) throw wrongValue('json', 'a JSON object');
  return value;
}

function draftOf(changed: JsonRecord, options: NodeOptions): Draft {
  const draft: Draft = {};
  const put = <K extends keyof NodeOptions>(key: K, value: NodeOptions[K] | undefined): void => {
    if (value !== undefined) draft[key] = value;
  };
  const rate = (name: string): number | undefined => wholeIn(changed, name, 0, RATE_MAX);
  const stopped = truthIn(changed, 'add_stopped_enabled') ?? truthIn(changed, 'start_paused_enabled');
  put('startWhenAdded', stopped === undefined ? undefined : !stopped);
  put('downloadRoot', textIn(changed, 'save_path'));
  put('downLimit', rate('dl_limit'));
  put('upLimit', rate('up_limit'));
  put('altDownLimit', rate('alt_dl_limit'));
  put('altUpLimit', rate('alt_up_limit'));
  put('connectionsMax', wholeIn(changed, 'max_connec', 1, 100_000));
  put('peersPerTorrentMax', wholeIn(changed, 'max_connec_per_torrent', 1, 100_000));
  const queueing = truthIn(changed, 'queueing_enabled');
  put('activeDownloadsMax', queueOf(changed, 'max_active_downloads', queueing, options.activeDownloadsMax));
  put('activeSeedsMax', queueOf(changed, 'max_active_uploads', queueing, options.activeSeedsMax));
  if (Object.keys(changed).some((name) => name.startsWith('schedule'))) {
    draft.altSchedule = scheduleOf(changed, options);
  }
  if (Object.keys(changed).some((name) => /^max_(?:ratio|seeding|inactive)/.test(name))) {
    draft.seedLimits = seedLimitsOf(changed, options);
  }
  return draft;
}

function queueOf(
  changed: JsonRecord,
  name: string,
  queueing: boolean | undefined,
  now: number,
): number | undefined {
  const size = wholeIn(changed, name, -1, 1_000_000);
  if (queueing === false) return 0;
  if (size !== undefined) return Math.max(0, size);
  return queueing === true && now === 0 ? QUEUE_DEFAULT : undefined;
}

function scheduleOf(changed: JsonRecord, { altSchedule }: NodeOptions): NodeOptions['altSchedule'] {
  const minuteOf = (name: string, before: number): number => {
    const hour = wholeIn(changed, `schedule_${name}_hour`, 0, 23) ?? Math.floor(before / 60);
    return hour * 60 + (wholeIn(changed, `schedule_${name}_min`, 0, 59) ?? before % 60);
  };
  return {
    ...altSchedule,
    enabled: truthIn(changed, 'scheduler_enabled') ?? altSchedule.enabled,
    beginMinute: minuteOf('from', altSchedule.beginMinute),
    endMinute: minuteOf('to', altSchedule.endMinute),
  };
}

function seedLimitsOf(changed: JsonRecord, { seedLimits }: NodeOptions): NodeOptions['seedLimits'] {
  const rule = (name: string, unit: number, before: number | undefined): number | undefined => {
    const on = truthIn(changed, `${name}_enabled`);
    const value = numberIn(changed, name);
    if (on === false || (value !== undefined && value < 0)) return undefined;
    return value === undefined ? before : value * unit;
  };
  const ratio = rule('max_ratio', 1, seedLimits.ratio);
  const seedTimeMs = rule('max_seeding_time', MINUTE_MS, seedLimits.seedTimeMs);
  const idleTimeMs = rule('max_inactive_seeding_time', MINUTE_MS, seedLimits.idleTimeMs);
  return {
    ...(ratio === undefined ? {} : { ratio }),
    ...(seedTimeMs === undefined ? {} : { seedTimeMs }),
    ...(idleTimeMs === undefined ? {} : { idleTimeMs }),
  };
}
