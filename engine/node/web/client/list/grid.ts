import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { NO_FILTER } from '../../list/list-view.ts';
import { useCell } from '../cell.ts';
import { button, el, part } from '../html.ts';
import type { Model } from '../model.ts';
import { GridHead } from './grid-head.ts';
import { onGridKey } from './grid-keys.ts';
import { TABLE_COLUMNS } from './table-columns.ts';

/** Pixels; the style sheet has the same. */
export const ROW_HEIGHT = 34;
/** Rows beyond the edge of what is seen, on either side. */
const MARGIN_ROWS = 6;

/**
 * The list. However long it is, only the rows in sight are in the document: they lie at their place in a field as high
 * as all rows together, and those that scroll out of sight become those that scroll in.
 */
export function Grid({ model }: { readonly model: Model }): VNode {
  useCell(model.listVersion);
  const box = useRef<HTMLElement>(null);
  const [first, setFirst] = useState(0);
  const [inSight, setInSight] = useState(30);
  useLayoutEffect(() => watchHeight(box.current!, setInSight), []);
  const cursorAt = cursorIndex(model);
  useEffect(() => showCursor(box.current!, model), [model.selection.moves]);
  const { shown, columns } = model.view;
  const start = Math.max(0, Math.min(first, shown.length - inSight) - MARGIN_ROWS);
  const end = Math.min(shown.length, start + inSight + 2 * MARGIN_ROWS);
  const rows: VNode[] = [];
  const keys = inSight + 2 * MARGIN_ROWS;
  const kept = useRef<Kept[]>([]);
  for (let index = start; index < end; index++) rows.push(keptRow(kept.current, model, index, keys));
  const isCursorInSight = cursorAt >= start && cursorAt < end;
  return el(
    'div',
    {
      class: 'grid',
      role: 'grid',
      id: 'torrents',
      tabIndex: 0,
      'aria-label': 'Torrents',
      'aria-rowcount': shown.length + 1,
      'aria-colcount': TABLE_COLUMNS.length,
      'aria-multiselectable': true,
      'aria-busy': columns.count === 0 && model.loading.value > 0,
      ...(isCursorInSight
        ? { 'aria-activedescendant': `row-${columns.slotOf(model.selection.cursor)}` }
        : {}),
      onKeyDown: (event) => onGridKey(event, model, Math.max(1, inSight - 2)),
    },
    el(
      'div',
      {
        class: 'scroll',
        ref: box,
        // The grid itself has the focus.
        tabIndex: -1,
        role: 'presentation',
        onScroll: () => setFirst(Math.floor(box.current!.scrollTop / ROW_HEIGHT)),
      },
      part(GridHead, { model }),
      el(
        'div',
        { class: 'rows', role: 'rowgroup', style: { height: `${shown.length * ROW_HEIGHT}px` } },
        rows,
      ),
      shown.length === 0 ? part(Empty, { model }) : null,
    ),
  );
}

interface Kept {
  readonly index: number;
  /** How many keys there were: another number gives other rows its key. */
  readonly keys: number;
  readonly version: number;
  readonly row: VNode;
}

/** While one scrolls, most rows stay as they are: what is given again is not even compared. */
function keptRow(kept: Kept[], model: Model, index: number, keys: number): VNode {
  const version = model.listVersion.value;
  const before = kept[index % keys];
  if (before?.index === index && before.keys === keys && before.version === version) return before.row;
  const row = rowAt(model, index, keys);
  kept[index % keys] = { index, keys, version, row };
  return row;
}

function rowAt(model: Model, index: number, keys: number): VNode {
  const { shown, columns } = model.view;
  const { chosen, cursor } = model.selection;
  const slot = shown[index]!;
  const infoHash = columns.infoHash[slot]!;
  const isChosen = chosen.has(infoHash);
  const classes = `row${isChosen ? ' chosen' : ''}${infoHash === cursor ? ' cursor' : ''} ${columns.stateOf(slot)}`;
  return el(
    'div',
    {
      // Nodes are used again for other rows.
      key: index % keys,
      id: `row-${slot}`,
      class: classes,
      role: 'row',
      'aria-rowindex': index + 2,
      'aria-selected': isChosen,
      style: { transform: `translateY(${index * ROW_HEIGHT}px)` },
      onMouseDown: (event) => onPick(event, model, infoHash),
      onDblClick: () => model.open.set(infoHash),
    },
    TABLE_COLUMNS.map(({ id, kind, cell }, place) =>
      el(
        'div',
        {
          key: id,
          class: `cell ${kind}`,
          role: place === 0 ? 'rowheader' : 'gridcell',
          'aria-colindex': place + 1,
        },
        cell(columns, slot),
      ),
    ),
  );
}

function onPick(event: MouseEvent, model: Model, infoHash: string): void {
  if (event.button !== 0) return;
  const { selection } = model;
  if (event.shiftKey) {
    event.preventDefault();
    document.querySelector<HTMLElement>('#torrents')?.focus();
    selection.extend(infoHash, model.order());
  } else if (event.ctrlKey || event.metaKey) selection.toggle(infoHash);
  else {
    selection.choose(infoHash);
    if (model.open.value !== '') model.open.set(infoHash);
  }
  model.touchSelection();
}

export function cursorIndex(model: Model): number {
  const slot = model.view.columns.slotOf(model.selection.cursor);
  return slot === undefined ? -1 : model.view.shown.indexOf(slot);
}

/** Scrolls until the row that the keyboard is at can be seen whole. */
function showCursor(box: HTMLElement, model: Model): void {
  const index = cursorIndex(model);
  if (index < 0) return;
  const top = index * ROW_HEIGHT;
  const room = box.clientHeight - ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + room) box.scrollTop = top + ROW_HEIGHT - room;
}

function watchHeight(box: HTMLElement, setInSight: (rows: number) => void): () => void {
  const measure = (): void => setInSight(Math.ceil(box.clientHeight / ROW_HEIGHT) + 1);
  measure();
  const sizes = new ResizeObserver(measure);
  sizes.observe(box);
  return () => sizes.disconnect();
}

function Empty({ model }: { readonly model: Model }): VNode {
  const filter = useCell(model.filter);
  const isLoading = useCell(model.loading) > 0;
  const isFiltered = model.view.columns.count > 0;
  const add = (): void => model.dialog.set({ kind: 'add', files: [], links: [] });
  if (isLoading) return el('div', { class: 'empty' }, 'Loading…');
  if (isFiltered) {
    const what =
      filter.text === '' ? 'No torrent is in this filter.' : `No torrent matches “${filter.text}”.`;
    return el(
      'div',
      { class: 'empty' },
      el('p', null, what),
      button('Show all', () => model.filter.set(NO_FILTER)),
    );
  }
  return el(
    'div',
    { class: 'empty' },
    el('img', { src: 'assets/icon.svg', alt: '', width: 56, height: 56 }),
    el('p', null, 'No torrents yet. Drop a torrent file here, paste a magnet link, or'),
    button('Add a torrent', add, { class: 'primary' }),
  );
}
