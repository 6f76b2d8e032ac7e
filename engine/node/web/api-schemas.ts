import * as v from 'valibot';
import { AlliumError } from '../../codec/error.ts';
import type { TorrentChange } from '../control/control.ts';
import type { NodeOptions } from '../control/session-options.ts';

/** Torrents named in one request. */
export const TORRENTS_PER_REQUEST_MAX = 200_000;

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const infoHash = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
const tags = v.pipe(v.array(text(200)), v.maxLength(100));
const wish = v.picklist([0, 1, 2, 3]);

const change = v.strictObject({
  category: v.exactOptional(text(200)),
  addTags: v.exactOptional(tags),
  removeTags: v.exactOptional(tags),
  downLimit: v.exactOptional(count),
  upLimit: v.exactOptional(count),
  sequential: v.exactOptional(v.boolean()),
  superSeed: v.exactOptional(v.boolean()),
  forced: v.exactOptional(v.boolean()),
  wishes: v.exactOptional(
    v.pipe(
      v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), wish),
      v.transform((some) => new Map(Object.entries(some).map(([index, value]) => [Number(index), value]))),
    ),
  ),
});

const action = v.variant('kind', [
  v.strictObject({ kind: v.picklist(['start', 'stop', 'recheck', 'reannounce']) }),
  v.strictObject({ kind: v.literal('remove'), deleteData: v.boolean() }),
  v.strictObject({ kind: v.literal('move'), root: text(4096), moveData: v.boolean() }),
  v.strictObject({ kind: v.literal('queue'), where: v.picklist(['top', 'up', 'down', 'bottom']) }),
  v.strictObject({ kind: v.literal('change'), change }),
]);

const actionRequest = v.strictObject({
  infoHashes: v.pipe(v.array(infoHash), v.minLength(1), v.maxLength(TORRENTS_PER_REQUEST_MAX)),
  action,
});

const addOptions = v.strictObject({
  root: v.exactOptional(text(4096)),
  category: v.exactOptional(text(200)),
  tags: v.exactOptional(tags),
  stopped: v.exactOptional(v.boolean()),
  sequential: v.exactOptional(v.boolean()),
  skipCheck: v.exactOptional(v.boolean()),
});

const addMagnet = v.strictObject({ magnet: text(64 * 1024), options: v.optional(addOptions, {}) });

const minuteOfDay = v.pipe(count, v.maxValue(24 * 60 - 1));
const options = v.partial(
  v.strictObject({
    downloadRoot: text(4096),
    downLimit: count,
    upLimit: count,
    altDownLimit: count,
    altUpLimit: count,
    altEnabled: v.boolean(),
    altSchedule: v.strictObject({
      enabled: v.boolean(),
      beginMinute: minuteOfDay,
      endMinute: minuteOfDay,
      days: v.pipe(count, v.maxValue(127)),
    }),
    activeDownloadsMax: count,
    activeSeedsMax: count,
    connectionsMax: count,
    peersPerTorrentMax: count,
    uploadSlotsPerTorrent: count,
    startWhenAdded: v.boolean(),
    freeSpaceMin: count,
    scrubRate: count,
    scrubEveryMs: count,
  }),
);

const category = v.strictObject({
  name: v.pipe(text(200), v.minLength(1)),
  root: v.optional(text(4096), ''),
  downLimit: v.optional(count, 0),
  upLimit: v.optional(count, 0),
});

/** An action on torrents. */
export type Action =
  | { readonly kind: 'start' | 'stop' | 'recheck' | 'reannounce' }
  | { readonly kind: 'remove'; readonly deleteData: boolean }
  | { readonly kind: 'move'; readonly root: string; readonly moveData: boolean }
  | { readonly kind: 'queue'; readonly where: 'top' | 'up' | 'down' | 'bottom' }
  | { readonly kind: 'change'; readonly change: TorrentChange };

/** How a torrent is to be added. */
export type AddOptions = v.InferOutput<typeof addOptions>;

/** Each throws BAD_USAGE that names the field. */
export const readActionRequest = (value: unknown): { infoHashes: readonly string[]; action: Action } => {
  const read = check(actionRequest, value);
  return { infoHashes: read.infoHashes, action: read.action as Action };
};
/** Of `POST api/torrents` with JSON. */
export const readAddMagnet = (value: unknown): v.InferOutput<typeof addMagnet> => check(addMagnet, value);
/** Of the query of `POST api/torrents` with a torrent file. */
export const readAddOptions = (value: unknown): AddOptions => check(addOptions, value);
/** Of `PATCH api/options`. */
export const readOptions = (value: unknown): Partial<NodeOptions> =>
  check(options, value) as Partial<NodeOptions>;
/** Of `PUT api/categories`. */
export const readCategory = (value: unknown): v.InferOutput<typeof category> => check(category, value);
/** Of `DELETE api/categories` and the like: one name. */
export const readName = (value: unknown): string => check(v.strictObject({ name: text(200) }), value).name;

function check<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new AlliumError('BAD_USAGE', `the field “${path}” of the request is wrong`, {
    advice: `${issue.message}.`,
    details: { field: path },
  });
}
