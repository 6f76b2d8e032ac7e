import { formatBytes, parseSize } from '../../../../codec/units.ts';
import type { NodeOptions } from '../../../control/session-options.ts';

/** The options as they are typed. */
export interface Draft {
  readonly downLimit: string;
  readonly upLimit: string;
  readonly altDownLimit: string;
  readonly altUpLimit: string;
  readonly altEnabled: boolean;
  readonly scheduled: boolean;
  readonly begin: string;
  readonly end: string;
  /** Sunday is bit 0. */
  readonly days: number;
  readonly activeDownloadsMax: string;
  readonly activeSeedsMax: string;
  readonly startWhenAdded: boolean;
  readonly connectionsMax: string;
  readonly peersPerTorrentMax: string;
  readonly uploadSlotsPerTorrent: string;
  readonly downloadRoot: string;
  readonly freeSpaceMin: string;
  readonly scrubRate: string;
  readonly scrubDays: string;
}

export const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const DAY_MS = 24 * 3_600_000;

const sizeText = (bytes: number, end = ''): string => (bytes === 0 ? '' : `${formatBytes(bytes)}${end}`);
const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

export function draftOf(options: NodeOptions): Draft {
  const { altSchedule } = options;
  return {
    downLimit: sizeText(options.downLimit, '/s'),
    upLimit: sizeText(options.upLimit, '/s'),
    altDownLimit: sizeText(options.altDownLimit, '/s'),
    altUpLimit: sizeText(options.altUpLimit, '/s'),
    altEnabled: options.altEnabled,
    scheduled: altSchedule.enabled,
    begin: timeText(altSchedule.beginMinute),
    end: timeText(altSchedule.endMinute),
    days: altSchedule.days,
    activeDownloadsMax: String(options.activeDownloadsMax),
    activeSeedsMax: String(options.activeSeedsMax),
    startWhenAdded: options.startWhenAdded,
    connectionsMax: String(options.connectionsMax),
    peersPerTorrentMax: String(options.peersPerTorrentMax),
    uploadSlotsPerTorrent: String(options.uploadSlotsPerTorrent),
    downloadRoot: options.downloadRoot,
    freeSpaceMin: sizeText(options.freeSpaceMin),
    scrubRate: sizeText(options.scrubRate, '/s'),
    scrubDays: String(Math.round(options.scrubEveryMs / DAY_MS)),
  };
}

const SIZES = ['downLimit', 'upLimit', 'altDownLimit', 'altUpLimit', 'freeSpaceMin', 'scrubRate'] as const;
const COUNTS = [
  'activeDownloadsMax',
  'activeSeedsMax',
  'connectionsMax',
  'peersPerTorrentMax',
  'uploadSlotsPerTorrent',
] as const;

/**
 * What to save of what has been changed since `before`, or the first thing that is not understood. What was not touched
 * is left out: its text is rounded.
 */
export function changedOptions(
  draft: Draft,
  before: Draft,
): { readonly options: Partial<NodeOptions> } | { readonly complaint: string } {
  const numbers: Record<string, number> = {};
  for (const name of SIZES.filter((name) => draft[name] !== before[name])) {
    const text = draft[name].trim().replace(/\/s$/i, '');
    const bytes = text === '' ? 0 : parseSize(text);
    if (bytes === undefined) return { complaint: `“${draft[name]}” is no size. Write it like 10 MiB.` };
    numbers[name] = bytes;
  }
  for (const name of COUNTS.filter((name) => draft[name] !== before[name])) {
    if (!/^\d{1,9}$/.test(draft[name].trim())) return { complaint: `“${draft[name]}” is no whole number.` };
    numbers[name] = Number(draft[name]);
  }
  const days = Number(draft.scrubDays);
  if (!(days >= 0)) return { complaint: `“${draft.scrubDays}” is no number of days.` };
  const altSchedule = {
    enabled: draft.scheduled,
    beginMinute: minuteOf(draft.begin),
    endMinute: minuteOf(draft.end),
    days: draft.days,
  };
  const isSame = (...names: readonly (keyof Draft)[]): boolean =>
    names.every((name) => draft[name] === before[name]);
  return {
    options: {
      ...numbers,
      ...(isSame('altEnabled') ? {} : { altEnabled: draft.altEnabled }),
      ...(isSame('startWhenAdded') ? {} : { startWhenAdded: draft.startWhenAdded }),
      ...(isSame('downloadRoot') ? {} : { downloadRoot: draft.downloadRoot.trim() }),
      ...(isSame('scheduled', 'begin', 'end', 'days') ? {} : { altSchedule }),
      ...(isSame('scrubDays') ? {} : { scrubEveryMs: days * DAY_MS }),
    },
  };
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
