import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatBytes } from '../../../../codec/units.ts';
import type { AddOptions } from '../../api-schemas.ts';
import { addFile, addMagnet, wordsOf } from '../api.ts';
import { useCell } from '../cell.ts';
import { linksIn } from '../drop.ts';
import { button, el, part, textOf } from '../html.ts';
import type { Model } from '../model.ts';
import { Frame, field, tick } from './frame.ts';
import { tagsOf } from './labels.ts';

interface Choices {
  readonly root: string;
  readonly category: string;
  readonly tags: string;
  readonly stopped: boolean;
  readonly sequential: boolean;
  readonly skipCheck: boolean;
}

/** Adds torrent files and magnet links. */
export function AddDialog(props: {
  readonly model: Model;
  readonly files: readonly File[];
  readonly links: readonly string[];
}): VNode {
  const { model, files } = props;
  const setup = useCell(model.setup);
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [choices, setChoices] = useState<Choices>({
    ...{ root: '', category: '', tags: '', stopped: setup?.options.startWhenAdded === false },
    ...{ sequential: false, skipCheck: false },
  });
  useEffect(() => setText((before) => joined(before, props.links)), [props.links]);
  const set = (change: Partial<Choices>): void => setChoices({ ...choices, ...change });
  const setFiles = (some: readonly File[]): void =>
    model.dialog.set({ kind: 'add', files: some, links: props.links });
  const submit = async (): Promise<void> => {
    setBusy(true);
    if (await addAll(model, files, linksIn(text), choices)) model.dialog.set(undefined);
    else setBusy(false);
  };
  return part(
    Frame,
    { model, title: 'Add torrents', action: 'Add', isBusy, onSubmit: () => void submit() },
    part(FilePick, { files, setFiles }),
    field(
      'Magnet links',
      el('textarea', {
        rows: 3,
        value: text,
        placeholder: 'magnet:?xt=…',
        onInput: (event: Event) => setText(textOf(event)),
      }),
    ),
    el(
      'div',
      { class: 'pair' },
      field(
        'Folder',
        el('input', {
          value: choices.root,
          placeholder: setup?.options.downloadRoot ?? '',
          onInput: (event: Event) => set({ root: textOf(event) }),
        }),
      ),
      field(
        'Category',
        categorySelect(model, choices.category, (category) => set({ category })),
      ),
    ),
    field(
      'Tags',
      el('input', {
        value: choices.tags,
        placeholder: 'with commas between',
        onInput: (event: Event) => set({ tags: textOf(event) }),
      }),
    ),
    el(
      'div',
      { class: 'ticks' },
      tick('Start at once', !choices.stopped, (isOn) => set({ stopped: !isOn })),
      tick('In order', choices.sequential, (sequential) => set({ sequential })),
      tick('Believe data that is there', choices.skipCheck, (skipCheck) => set({ skipCheck })),
    ),
  );
}

function FilePick({
  files,
  setFiles,
}: {
  readonly files: readonly File[];
  readonly setFiles: (files: readonly File[]) => void;
}): VNode {
  const pick = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    setFiles([...files, ...(input.files ?? [])]);
    input.value = '';
  };
  return el(
    'div',
    { class: 'pick' },
    field(
      'Torrent files: choose, or drop them anywhere',
      el('input', { type: 'file', accept: '.torrent', multiple: true, onChange: pick }),
    ),
    el(
      'ul',
      { class: 'files' },
      files.map((file, at) =>
        el(
          'li',
          { key: `${at} ${file.name}` },
          el('span', { class: 'text' }, file.name),
          el('span', { class: 'num soft' }, formatBytes(file.size)),
          button('×', () => setFiles(files.filter((other) => other !== file)), {
            label: `Not ${file.name}`,
            class: 'plain',
          }),
        ),
      ),
    ),
  );
}

/** A choice among the categories of the node. */
export function categorySelect(model: Model, chosen: string, choose: (name: string) => void): VNode {
  const names = (model.setup.value?.categories ?? []).map(({ name }) => name);
  return el(
    'select',
    { value: chosen, onChange: (event: Event) => choose(textOf(event)) },
    el('option', { value: '' }, 'None'),
    names.map((name) => el('option', { key: name, value: name }, name)),
  );
}

function joined(text: string, links: readonly string[]): string {
  const fresh = links.filter((link) => !text.includes(link));
  return [text, ...fresh].filter((line) => line !== '').join('\n');
}

/** True when all could be added; says how it went. */
async function addAll(
  model: Model,
  files: readonly File[],
  links: readonly string[],
  choices: Choices,
): Promise<boolean> {
  if (files.length + links.length === 0) {
    model.say('bad', 'Give a torrent file or a magnet link.');
    return false;
  }
  const { root, category, tags, stopped, sequential, skipCheck } = choices;
  const options: AddOptions = {
    ...(root === '' ? {} : { root }),
    ...(category === '' ? {} : { category }),
    ...{ tags: tagsOf(tags), stopped, sequential, skipCheck },
  };
  const tries = [
    ...files.map((file) => ({ name: file.name, run: () => addFile(file, options) })),
    ...links.map((link) => ({ name: link, run: () => addMagnet(link, options) })),
  ];
  let added: string[] = [];
  let isGood = true;
  for (const { name, run } of tries) {
    try {
      const answer = await run();
      if (answer.isNew) added = [...added, answer.name];
      else model.say('good', `“${answer.name}” was there already.`);
    } catch (error) {
      isGood = false;
      model.say('bad', `${name.slice(0, 80)}: ${wordsOf(error)}`);
    }
  }
  if (added.length === 1) model.say('good', `“${added[0]}” was added.`);
  if (added.length > 1) model.say('good', `${added.length} torrents were added.`);
  return isGood;
}
