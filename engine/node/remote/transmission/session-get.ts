import { parseEndpoint } from '../../../codec/endpoint.ts';
import { VERSION } from '../../../codec/version.ts';
import { type JsonRecord, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { newName, oldSessionName, renamed } from './names.ts';
import { kiloOf } from './units.ts';

/** The protocol that is spoken, as Transmission 4.1.0 counts it. */
export const RPC_VERSION = 18;
export const RPC_VERSION_MINIMUM = 14;
export const RPC_SEMVER = '6.0.0';

const MINUTE_MS = 60_000;
const ENCRYPTION = { off: 'allowed', prefer: 'preferred', require: 'required' } as const;

const UNITS = {
  speed_units: ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'],
  speed_bytes: 1000,
  size_units: ['B', 'kB', 'MB', 'GB', 'TB'],
  size_bytes: 1000,
  memory_units: ['B', 'KiB', 'MiB', 'GiB', 'TiB'],
  memory_bytes: 1024,
};

/** `session_get`: all that the protocol knows of a session, or the fields that are asked for. */
export async function sessionGet(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const asked = args['fields'];
  if (asked !== undefined && !(Array.isArray(asked) && asked.every((field) => typeof field === 'string'))) {
    throw wrongValue('fields', 'a list of the names of fields');
  }
  const all = await sessionFields(call);
  if (asked === undefined) return call.style === 'new' ? all : renamed(all, oldSessionName);
  const chosen: Record<string, unknown> = {};
  for (const field of new Set(asked as readonly string[])) {
    const name = newName(field);
    if (Object.hasOwn(all, name)) chosen[field] = all[name];
  }
  return chosen;
}

/** Every field under its new name. Transmission's word is kept where this node has no such thing: off, none, empty. */
export async function sessionFields(call: Call): Promise<Record<string, unknown>> {
  return { ...limitFields(call), ...queueFields(call), ...(await placeFields(call)), ...fixedFields(call) };
}

function limitFields({ control: { options } }: Call): Record<string, unknown> {
  const { altSchedule, seedLimits } = options;
  const { ratio, idleTimeMs } = seedLimits;
  const ratioLimited = ratio !== undefined && Number.isFinite(ratio);
  const idleLimited = idleTimeMs !== undefined && Number.isFinite(idleTimeMs);
  return {
    alt_speed_down: kiloOf(options.altDownLimit),
    alt_speed_enabled: options.altEnabled,
    alt_speed_time_begin: altSchedule.beginMinute,
    alt_speed_time_day: altSchedule.days,
    alt_speed_time_enabled: altSchedule.enabled,
    alt_speed_time_end: altSchedule.endMinute,
    alt_speed_up: kiloOf(options.altUpLimit),
    speed_limit_down: kiloOf(options.downLimit),
    speed_limit_down_enabled: options.downLimit > 0,
    speed_limit_up: kiloOf(options.upLimit),
    speed_limit_up_enabled: options.upLimit > 0,
    seed_ratio_limit: ratioLimited ? ratio : 0,
    seed_ratio_limited: ratioLimited,
    idle_seeding_limit: idleLimited ? Math.round(idleTimeMs / MINUTE_MS) : 0,
    idle_seeding_limit_enabled: idleLimited,
  };
}

function queueFields({ control: { options } }: Call): Record<string, unknown> {
  return {
    download_queue_enabled: options.activeDownloadsMax > 0,
    download_queue_size: options.activeDownloadsMax,
    seed_queue_enabled: options.activeSeedsMax > 0,
    seed_queue_size: options.activeSeedsMax,
    queue_stalled_enabled: options.stalledAfterMs > 0,
    queue_stalled_minutes: Math.round(options.stalledAfterMs / MINUTE_MS),
    peer_limit_global: options.connectionsMax,
    peer_limit_per_torrent: options.peersPerTorrentMax,
    start_added_torrents: options.startWhenAdded,
  };
}

async function placeFields({ control }: Call): Promise<Record<string, unknown>> {
  const { downloadRoot } = control.options;
  const free = await control.freeSpace(downloadRoot).catch(() => undefined);
  return {
    download_dir: downloadRoot,
    download_dir_free_space: free?.freeBytes ?? -1,
    incomplete_dir: downloadRoot,
    incomplete_dir_enabled: false,
  };
}

function fixedFields({ control, facts, sessionId, style }: Call): Record<string, unknown> {
  return {
    anti_brute_force_enabled: true,
    blocklist_enabled: false,
    blocklist_size: 0,
    blocklist_url: '',
    cache_size_mib: 0,
    config_dir: facts.stateFolder,
    default_trackers: '',
    dht_enabled: facts.dht,
    encryption: ENCRYPTION[facts.encryption],
    lpd_enabled: facts.lsd,
    peer_port: parseEndpoint(control.stats().listening)?.port ?? 0,
    peer_port_random_on_start: false,
    pex_enabled: facts.pex,
    port_forwarding_enabled: false,
    preferred_transports: ['utp', 'tcp'],
    rename_partial_files: false,
    reqq: 2000,
    rpc_version: RPC_VERSION,
    rpc_version_minimum: RPC_VERSION_MINIMUM,
    rpc_version_semver: RPC_SEMVER,
    script_torrent_added_enabled: false,
    script_torrent_added_filename: '',
    script_torrent_done_enabled: false,
    script_torrent_done_filename: '',
    script_torrent_done_seeding_enabled: false,
    script_torrent_done_seeding_filename: '',
    sequential_download: false,
    session_id: sessionId,
    tcp_enabled: true,
    trash_original_torrent_files: false,
    units: style === 'new' ? UNITS : renamed(UNITS, oldSessionName),
    utp_enabled: true,
    // Remote controls read the number in front to know what they may ask.
    version: `4.1.0 (Allium ${VERSION})`,
  };
}
