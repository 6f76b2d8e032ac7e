import type { Category } from '../../control/control.ts';
import { checkCategoryName, EMPTY_CATEGORY } from '../ensure-category.ts';
import { type JsonRecord, textIn, truthIn, wholeIn, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { oldSessionName } from './names.ts';
import { KILO_MAX, kiloOf, limitOf } from './units.ts';

const DEFAULT_LIMIT = 100_000;

/** `group_get`: the bandwidth groups of Transmission are categories here. */
export async function groupGet(args: JsonRecord, { control, style }: Call): Promise<Record<string, unknown>> {
  const { name } = args;
  const names = typeof name === 'string' ? [name] : name;
  if (names !== undefined && !(Array.isArray(names) && names.every((item) => typeof item === 'string'))) {
    throw wrongValue('name', 'a name or a list of names');
  }
  const chosen = names === undefined ? undefined : new Set<string>(names);
  const group = [...control.categories.values()]
    .filter((category) => chosen === undefined || chosen.has(category.name))
    .map((category) => groupOf(category, style === 'old'));
  return { group };
}

/** `group_set`: changes a group, or makes one. */
export async function groupSet(args: JsonRecord, { control }: Call): Promise<Record<string, unknown>> {
  const name = textIn(args, 'name');
  if (name === undefined) throw wrongValue('name', 'the name of a group');
  checkCategoryName(name);
  const before: Category = control.categories.get(name) ?? { ...EMPTY_CATEGORY, name };
  const speed = (key: string, now: number): number =>
    limitOf(wholeIn(args, key, 0, KILO_MAX), truthIn(args, `${key}_enabled`), now, DEFAULT_LIMIT) ?? now;
  await control.setCategory({
    ...before,
    downLimit: speed('speed_limit_down', before.downLimit),
    upLimit: speed('speed_limit_up', before.upLimit),
  });
  return {};
}

function groupOf(category: Category, isOld: boolean): Record<string, unknown> {
  const speeds = {
    speed_limit_down: kiloOf(category.downLimit),
    speed_limit_down_enabled: category.downLimit > 0,
    speed_limit_up: kiloOf(category.upLimit),
    speed_limit_up_enabled: category.upLimit > 0,
  };
  const named = Object.entries(speeds).map(([key, value]) => [isOld ? oldSessionName(key) : key, value]);
  return {
    name: category.name,
    [isOld ? 'honorsSessionLimits' : 'honors_session_limits']: true,
    ...(Object.fromEntries(named) as Record<string, unknown>),
  };
}
