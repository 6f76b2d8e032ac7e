import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { act, saveCategory, wordsOf } from '../api.ts';
import { el, part, textOf } from '../html.ts';
import type { Model } from '../model.ts';
import { Frame, field } from './frame.ts';
import { nameList } from './remove.ts';

/** Category and tags of torrents. */
export function LabelsDialog({
  model,
  infoHashes,
}: {
  readonly model: Model;
  readonly infoHashes: readonly string[];
}): VNode {
  const before = commonLabels(model, infoHashes);
  const [category, setCategory] = useState(before.category);
  const [tags, setTags] = useState(before.tags.join(', '));
  const submit = async (): Promise<void> => {
    const wanted = tagsOf(tags);
    const change = {
      ...(category === before.category ? {} : { category: category.trim() }),
      addTags: wanted.filter((tag) => !before.tags.includes(tag)),
      removeTags: before.tags.filter((tag) => !wanted.includes(tag)),
    };
    try {
      await makeCategory(model, category.trim());
    } catch (error) {
      return model.say('bad', wordsOf(error));
    }
    if (await act(model, infoHashes, { kind: 'change', change })) model.dialog.set(undefined);
  };
  const names = (model.setup.value?.categories ?? []).map(({ name }) => name);
  return part(
    Frame,
    { model, title: 'Category and tags', action: 'Save', onSubmit: () => void submit() },
    nameList(model, infoHashes),
    field(
      'Category',
      el('input', {
        value: category,
        list: 'categories',
        onInput: (event: Event) => setCategory(textOf(event)),
      }),
      'A new name makes a new category; empty: none.',
    ),
    el(
      'datalist',
      { id: 'categories' },
      names.map((name) => el('option', { key: name, value: name })),
    ),
    field(
      'Tags',
      el('input', { value: tags, onInput: (event: Event) => setTags(textOf(event)) }),
      infoHashes.length > 1 ? 'Those that all of them have; with commas between.' : 'With commas between.',
    ),
  );
}

/** The tags in a text with commas. */
export function tagsOf(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

async function makeCategory(model: Model, name: string): Promise<void> {
  const isKnown = (model.setup.value?.categories ?? []).some((category) => category.name === name);
  if (name !== '' && !isKnown) await saveCategory(name);
}

function commonLabels(
  model: Model,
  infoHashes: readonly string[],
): { category: string; tags: readonly string[] } {
  const { columns } = model.view;
  const slots = infoHashes.flatMap((infoHash) => columns.slotOf(infoHash) ?? []);
  const categories = new Set(slots.map((slot) => columns.categories.list[columns.category[slot]!]!));
  const [first = []] = slots.map((slot) => columns.tags[slot]!);
  return {
    category: categories.size === 1 ? [...categories][0]! : '',
    tags: first.filter((tag) => slots.every((slot) => columns.tags[slot]!.includes(tag))),
  };
}
