import type { Control } from '../../control/control.ts';
import { checkCategoryName, EMPTY_CATEGORY } from '../ensure-category.ts';
import { type Call, DONE, type Reply } from './call.ts';
import { theChosen } from './hashes.ts';

export function categoriesJson(control: Control): Record<string, unknown> {
  const json: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { name, root } of control.categories.values()) json[name] = { name, savePath: root };
  return json;
}

export async function categories({ control }: Call): Promise<Reply> {
  return { json: categoriesJson(control) };
}

export async function createCategory({ control, params }: Call): Promise<Reply> {
  const name = params.needed('category');
  checkCategoryName(name);
  if (control.categories.has(name)) return { text: 'This category is there already', status: 409 };
  await control.setCategory({ ...EMPTY_CATEGORY, name, root: params.text('savePath') ?? '' });
  return DONE;
}

export async function editCategory({ control, params }: Call): Promise<Reply> {
  const before = control.categories.get(params.needed('category'));
  if (before === undefined) return { text: 'There is no such category', status: 409 };
  await control.setCategory({ ...before, root: params.text('savePath') ?? '' });
  return DONE;
}

export async function removeCategories({ control, params }: Call): Promise<Reply> {
  params.needed('categories');
  for (const name of params.list('categories', '\n')) {
    if (control.categories.has(name)) await control.removeCategory(name);
  }
  return DONE;
}

export async function setCategory(call: Call): Promise<Reply> {
  const { control, params } = call;
  const category = params.needed('category');
  if (category !== '' && !control.categories.has(category)) {
    return { text: 'There is no such category', status: 409 };
  }
  for (const { infoHash } of theChosen(call)) await control.change(infoHash, { category });
  return DONE;
}

export async function tags({ control }: Call): Promise<Reply> {
  return { json: [...control.tags] };
}

export async function createTags({ control, params }: Call): Promise<Reply> {
  params.needed('tags');
  await control.createTags(params.list('tags', ','));
  return DONE;
}

export async function deleteTags({ control, params }: Call): Promise<Reply> {
  params.needed('tags');
  await control.removeTags(params.list('tags', ','));
  return DONE;
}

export async function addTags(call: Call): Promise<Reply> {
  call.params.needed('tags');
  const addTags = call.params.list('tags', ',');
  for (const { infoHash } of theChosen(call)) await call.control.change(infoHash, { addTags });
  return DONE;
}

/** In the place of all it has. */
export async function setTags(call: Call): Promise<Reply> {
  call.params.needed('tags');
  const chosen = call.params.list('tags', ',');
  for (const { infoHash } of theChosen(call)) await call.control.change(infoHash, { tags: chosen });
  return DONE;
}

/** Those that are named; none: all. */
export async function removeTags(call: Call): Promise<Reply> {
  const removed = call.params.list('tags', ',');
  for (const { infoHash } of theChosen(call)) {
    await call.control.change(infoHash, removed.length === 0 ? { tags: [] } : { removeTags: removed });
  }
  return DONE;
}
