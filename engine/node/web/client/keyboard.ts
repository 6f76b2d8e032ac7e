import { act } from './api.ts';
import type { Model } from './model.ts';

/** The keys that work everywhere but in fields and dialogs, for the help too. */
export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['↑ ↓ PgUp PgDn Home End', 'move in the list'],
  ['Shift + those', 'select a range'],
  ['Ctrl + those, then Space', 'select several'],
  ['Ctrl + A', 'select all shown'],
  ['Enter', 'open details'],
  ['Esc', 'close what is open'],
  ['/', 'search'],
  ['a', 'add torrents'],
  ['s', 'start'],
  ['p', 'stop'],
  ['r', 'recheck'],
  ['l', 'category and tags'],
  ['m', 'move data'],
  ['Delete', 'remove'],
  ['e', 'engine'],
  ['o', 'options'],
  ['?', 'this help'],
];

export function takeKeys(model: Model): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (model.dialog.value !== undefined) return;
    const target = event.target as HTMLElement;
    const isField = target.matches('input, textarea, select');
    if (isField && event.key !== 'Escape') return;
    if (onKey(event.key, model)) event.preventDefault();
  });
}

function onKey(key: string, model: Model): boolean {
  const infoHashes = model.targets();
  const toggle = (panel: 'engine' | 'options'): void =>
    model.panel.set(model.panel.value === panel ? 'none' : panel);
  const keys: Readonly<Record<string, () => void>> = {
    '/': () => document.querySelector<HTMLInputElement>('#search')?.select(),
    '?': () => model.dialog.set({ kind: 'help' }),
    a: () => model.dialog.set({ kind: 'add', files: [], links: [] }),
    s: () => void act(model, infoHashes, { kind: 'start' }),
    p: () => void act(model, infoHashes, { kind: 'stop' }),
    r: () => void act(model, infoHashes, { kind: 'recheck' }, 'Rechecking.'),
    l: () => infoHashes.length > 0 && model.dialog.set({ kind: 'labels', infoHashes }),
    m: () => infoHashes.length > 0 && model.dialog.set({ kind: 'move', infoHashes }),
    e: () => toggle('engine'),
    o: () => toggle('options'),
    Escape: () => leave(model),
  };
  const run = keys[key];
  run?.();
  return run !== undefined;
}

/** The innermost thing that is open closes. */
function leave(model: Model): void {
  if (model.panel.value !== 'none') model.panel.set('none');
  else if (model.open.value !== '') model.open.set('');
  else {
    model.selection.clear();
    model.touchSelection();
  }
  document.querySelector<HTMLElement>('#torrents')?.focus();
}
