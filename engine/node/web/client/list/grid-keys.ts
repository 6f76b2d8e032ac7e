import type { Model } from '../model.ts';
import { cursorIndex } from './grid.ts';

/** The keys of the list. `page`: rows of one page. */
export function onGridKey(event: KeyboardEvent, model: Model, page: number): void {
  if (event.altKey) return;
  if (move(event, model, page) || pick(event, model)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function move(event: KeyboardEvent, model: Model, page: number): boolean {
  const { shown, columns } = model.view;
  const { selection } = model;
  const now = cursorIndex(model);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: now + 1,
    ArrowUp: now - 1,
    PageDown: now + page,
    PageUp: now - page,
    Home: 0,
    End: shown.length - 1,
  };
  const step = steps[event.key];
  if (step === undefined || shown.length === 0) return false;
  const slot = shown[Math.max(0, Math.min(shown.length - 1, step))]!;
  const infoHash = columns.infoHash[slot]!;
  if (event.shiftKey) selection.extend(infoHash, model.order());
  else if (event.ctrlKey || event.metaKey) selection.point(infoHash);
  else selection.choose(infoHash);
  if (model.open.value !== '') model.open.set(infoHash);
  model.touchSelection();
  return true;
}

function pick(event: KeyboardEvent, model: Model): boolean {
  const { selection } = model;
  const isControl = event.ctrlKey || event.metaKey;
  if (event.key === ' ' && selection.cursor !== '') selection.toggle(selection.cursor);
  else if (event.key === 'a' && isControl) selection.all(model.order());
  else if (event.key === 'Enter' && selection.cursor !== '') model.open.set(selection.cursor);
  else if (event.key === 'Delete') {
    const infoHashes = model.targets();
    if (infoHashes.length > 0) model.dialog.set({ kind: 'remove', infoHashes });
  } else return false;
  model.touchSelection();
  return true;
}
