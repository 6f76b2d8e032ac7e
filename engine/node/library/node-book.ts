import { resolve } from 'node:path';
import * as v from 'valibot';
import { AlliumError } from '../../codec/error.ts';
import type { Category } from '../control/control.ts';
import type { NodeOptions } from '../control/session-options.ts';
import type { NodeStore } from '../store/store.ts';

/** Categories and tags a node keeps; remote controls make one at a time, by hand as a rule. */
export const CATEGORIES_MAX = 10_000;
export const TAGS_MAX = 10_000;

const amount = v.pipe(v.number(), v.minValue(0, 'give 0 or more'));
const whole = v.pipe(v.number(), v.integer('give a whole number'), v.minValue(0, 'give 0 or more'));
const seedLimits = v.object({
  ratio: v.exactOptional(amount),
  seedTimeMs: v.exactOptional(amount),
  idleTimeMs: v.exactOptional(amount),
});
const rates = v.object({ downLimit: amount, upLimit: amount });
const minute = v.pipe(whole, v.maxValue(1440, 'give a minute of the day'));

const optionsSchema = v.object({
  downloadRoot: v.pipe(
    v.string(),
    v.check((path) => path === resolve(path), 'give an absolute path'),
  ),
  downLimit: amount,
  upLimit: amount,
  altDownLimit: amount,
  altUpLimit: amount,
  altEnabled: v.boolean(),
  altSchedule: v.object({ enabled: v.boolean(), beginMinute: minute, endMinute: minute, days: whole }),
  trackerLimits: v.record(v.string(), rates),
  trackerSeedLimits: v.record(v.string(), seedLimits),
  seedLimits,
  activeDownloadsMax: whole,
  activeSeedsMax: whole,
  stalledAfterMs: amount,
  connectionsMax: v.pipe(whole, v.minValue(1, 'give at least 1')),
  peersPerTorrentMax: v.pipe(whole, v.minValue(1, 'give at least 1')),
  uploadSlotsPerTorrent: whole,
  startWhenAdded: v.boolean(),
  freeSpaceMin: amount,
  scrubRate: amount,
  scrubEveryMs: amount,
});

const categorySchema = v.object({
  name: v.pipe(v.string(), v.minLength(1, 'give it a name'), v.maxLength(255, 'give it a shorter name')),
  root: v.pipe(
    v.string(),
    v.check((path) => path === '' || path === resolve(path), 'give an absolute path'),
  ),
  ...rates.entries,
  seedLimits,
});
const tagSchema = v.pipe(
  v.string(),
  v.minLength(1, 'give it a name'),
  v.maxLength(255, 'give it a shorter name'),
);

const totalsSchema = v.object({
  aliveMs: v.number(),
  starts: v.number(),
  downloadedBytes: v.number(),
  uploadedBytes: v.number(),
});
/** Over all runs of nodes of this store. */
export type Totals = v.InferOutput<typeof totalsSchema>;

/** What a node does that has been told nothing. */
export const NODE_OPTIONS_DEFAULTS: Omit<
  NodeOptions,
  'downloadRoot' | 'connectionsMax' | 'uploadSlotsPerTorrent'
> = {
  downLimit: 0,
  upLimit: 0,
  altDownLimit: 0,
  altUpLimit: 0,
  altEnabled: false,
  altSchedule: { enabled: false, beginMinute: 480, endMinute: 1200, days: 127 },
  trackerLimits: {},
  trackerSeedLimits: {},
  seedLimits: {},
  activeDownloadsMax: 0,
  activeSeedsMax: 0,
  stalledAfterMs: 30 * 60_000,
  peersPerTorrentMax: 100,
  startWhenAdded: true,
  freeSpaceMin: 0,
  scrubRate: 0,
  scrubEveryMs: 180 * 24 * 60 * 60_000,
};

/** What a node remembers beside its torrents: options, categories, tags, sums over all runs. */
export class NodeBook {
  readonly categories = new Map<string, Category>();
  readonly tags = new Set<string>();
  readonly totals: Totals;
  private readonly store: NodeStore;
  private readonly defaults: NodeOptions;
  private chosen: Partial<NodeOptions>;

  /** `defaults`: what holds where nobody has chosen anything else. Throws BAD_STATE when the store is damaged. */
  constructor(defaults: NodeOptions, modules: { readonly store: NodeStore }) {
    const { store } = modules;
    this.store = store;
    this.defaults = defaults;
    this.chosen = present(store.page('options', v.partial(optionsSchema)) ?? {});
    for (const category of store.page('categories', v.array(categorySchema)) ?? []) {
      this.categories.set(category.name, category);
    }
    for (const tag of store.page('tags', v.array(tagSchema)) ?? []) this.tags.add(tag);
    const none: Totals = { aliveMs: 0, starts: 0, downloadedBytes: 0, uploadedBytes: 0 };
    this.totals = store.page('totals', totalsSchema) ?? none;
  }

  get options(): NodeOptions {
    return { ...this.defaults, ...this.chosen };
  }

  /** Rejects with BAD_USAGE for a wrong value. */
  async setOptions(change: Partial<NodeOptions>): Promise<void> {
    const chosen = {
      ...this.chosen,
      ...present(checked(v.partial(v.strictObject(optionsSchema.entries)), change)),
    };
    await this.store.savePage('options', chosen);
    this.chosen = chosen;
  }

  /** Rejects with BAD_USAGE for a wrong one, or one too many. */
  async setCategory(category: Category): Promise<void> {
    const good = checked(categorySchema, category);
    if (!this.categories.has(good.name) && this.categories.size >= CATEGORIES_MAX)
      throw tooMany('categories');
    await this.saveCategories(
      [...this.categories.values()].filter(({ name }) => name !== good.name).concat(good),
    );
  }

  /** Rejects with NOT_FOUND when there is none of this name. */
  async removeCategory(name: string): Promise<void> {
    if (!this.categories.has(name)) throw noCategory(name);
    await this.saveCategories([...this.categories.values()].filter((category) => category.name !== name));
  }

  async createTags(tags: readonly string[]): Promise<void> {
    const all = new Set([...this.tags, ...tags.map((tag) => checked(tagSchema, tag))]);
    if (all.size === this.tags.size) return;
    if (all.size > TAGS_MAX) throw tooMany('tags');
    await this.saveTags(all);
  }

  async removeTags(tags: readonly string[]): Promise<void> {
    const gone = new Set(tags);
    await this.saveTags(new Set([...this.tags].filter((tag) => !gone.has(tag))));
  }

  async saveTotals(totals: Totals): Promise<void> {
    await this.store.savePage('totals', totals);
  }

  private async saveCategories(categories: readonly Category[]): Promise<void> {
    await this.store.savePage('categories', categories);
    this.categories.clear();
    for (const category of categories) this.categories.set(category.name, category);
  }

  private async saveTags(tags: ReadonlySet<string>): Promise<void> {
    await this.store.savePage('tags', [...tags]);
    this.tags.clear();
    for (const tag of tags) this.tags.add(tag);
  }
}

export function noCategory(name: string): AlliumError {
  return new AlliumError('NOT_FOUND', `there is no category “${name}”`, { advice: 'Create it first.' });
}

function tooMany(what: string): AlliumError {
  return new AlliumError('BAD_USAGE', `there are too many ${what}`, {
    advice: 'Remove some that are not used.',
  });
}

/** Without what is undefined: that stays as it is. */
function present<T extends object>(some: T): Partial<NodeOptions> {
  return Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined));
}

function checked<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new AlliumError('BAD_USAGE', `${name === '' ? 'this' : `“${name}”`} cannot be so: ${issue.message}`, {
    advice: 'Nothing was changed.',
  });
}
