import type { VNode } from 'preact';
import { act } from '../api.ts';
import { useCell } from '../cell.ts';
import { button, el, textOf } from '../html.ts';
import { type IconName, icon } from '../icons.ts';
import type { Model } from '../model.ts';

/** Search, and what can be done with the chosen rows. */
export function Toolbar({ model }: { readonly model: Model }): VNode {
  useCell(model.listVersion);
  const filter = useCell(model.filter);
  const { chosen } = model.selection;
  const targets = model.targets();
  const shown = model.view.shown.length;
  const all = model.view.columns.count;
  const some = shown === all ? '' : `${shown.toLocaleString('en')} of `;
  const selected = chosen.size === 0 ? '' : `, ${chosen.size.toLocaleString('en')} selected`;
  const words = `${some}${all.toLocaleString('en')} torrents${selected}`;
  return el(
    'div',
    { class: 'tools' },
    el(
      'label',
      { class: 'search' },
      icon('search'),
      el('span', { class: 'words' }, 'Search'),
      el('input', {
        id: 'search',
        type: 'search',
        placeholder: 'Search names  ( / )',
        value: filter.text,
        spellcheck: false,
        autocomplete: 'off',
        onInput: (event: Event) => model.filter.set({ ...filter, text: textOf(event) }),
        onKeyDown: (event: KeyboardEvent) => leaveSearch(event, model),
      }),
    ),
    el('span', { class: 'num soft', role: 'status' }, words),
    el('span', { class: 'grow' }),
    el(
      'div',
      { class: 'actions', role: 'toolbar', 'aria-label': 'Selected torrents' },
      ACTIONS.map(({ name, label, run }) =>
        button(icon(name), () => run(model, targets), {
          label,
          class: 'round',
          disabled: targets.length === 0,
        }),
      ),
    ),
  );
}

interface ToolAction {
  readonly name: IconName;
  readonly label: string;
  readonly run: (model: Model, infoHashes: readonly string[]) => void;
}

const ACTIONS: readonly ToolAction[] = [
  { name: 'start', label: 'Start', run: (model, all) => void act(model, all, { kind: 'start' }) },
  { name: 'stop', label: 'Stop', run: (model, all) => void act(model, all, { kind: 'stop' }) },
  {
    name: 'recheck',
    label: 'Recheck',
    run: (model, all) => void act(model, all, { kind: 'recheck' }, 'Rechecking.'),
  },
  {
    name: 'top',
    label: 'To the top of the queue',
    run: (model, all) => void act(model, all, { kind: 'queue', where: 'top' }),
  },
  {
    name: 'label',
    label: 'Category and tags',
    run: (model, infoHashes) => model.dialog.set({ kind: 'labels', infoHashes }),
  },
  {
    name: 'move',
    label: 'Move data',
    run: (model, infoHashes) => model.dialog.set({ kind: 'move', infoHashes }),
  },
  {
    name: 'remove',
    label: 'Remove',
    run: (model, infoHashes) => model.dialog.set({ kind: 'remove', infoHashes }),
  },
];

function leaveSearch(event: KeyboardEvent, model: Model): void {
  if (event.key !== 'Escape' && event.key !== 'Enter' && event.key !== 'ArrowDown') return;
  event.preventDefault();
  if (event.key === 'Escape') model.filter.set({ ...model.filter.value, text: '' });
  document.querySelector<HTMLElement>('#torrents')?.focus();
}
