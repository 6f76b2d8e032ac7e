import { AlliumError } from '../../codec/error.ts';
import type { Category, Control } from '../control/control.ts';
import { wrongValue } from './values.ts';

const NAME_LENGTH_MAX = 200;

/** What a category is before anything is said of it. */
export const EMPTY_CATEGORY: Omit<Category, 'name'> = { root: '', downLimit: 0, upLimit: 0, seedLimits: {} };

/** Makes a category that a torrent is to get when it is not there, as the programs spoken for do. */
export async function ensureCategory(control: Control, name: string): Promise<void> {
  if (name === '' || control.categories.has(name)) return;
  checkCategoryName(name);
  await control.setCategory({ ...EMPTY_CATEGORY, name });
}

/** Throws BAD_USAGE. */
export function checkCategoryName(name: string): void {
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX) {
    throw wrongValue('the category', `a name of at most ${NAME_LENGTH_MAX} letters`);
  }
  if (/^\/|\/$|\/\/|\\/.test(name)) {
    throw new AlliumError('BAD_USAGE', 'a category begins and ends with no slash and has no empty part');
  }
}
