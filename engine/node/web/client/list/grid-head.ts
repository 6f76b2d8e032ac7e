import type { VNode } from 'preact';
import { useCell } from '../cell.ts';
import { el } from '../html.ts';
import type { Model } from '../model.ts';
import { TABLE_COLUMNS, type TableColumn } from './table-columns.ts';

/** The names of the columns; each sorts. One of them is in the tab order, arrows go to the others. */
export function GridHead({ model }: { readonly model: Model }): VNode {
  const sorting = useCell(model.sorting);
  const sort = ({ id, descends }: TableColumn): void => {
    const descending = sorting.column === id ? !sorting.descending : descends;
    model.sorting.set({ column: id, descending });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key !== 'Tab') event.stopPropagation();
    if (step === undefined) return;
    const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll('button')];
    buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + step]?.focus();
  };
  const cells = TABLE_COLUMNS.map((column, place) => {
    const isSorted = sorting.column === column.id;
    const direction = sorting.descending ? 'descending' : 'ascending';
    return el(
      'div',
      {
        key: column.id,
        class: `cell ${column.kind}`,
        role: 'columnheader',
        'aria-colindex': place + 1,
        'aria-sort': isSorted ? direction : 'none',
      },
      el(
        'button',
        { type: 'button', tabIndex: isSorted ? 0 : -1, onClick: () => sort(column) },
        column.label,
        isSorted
          ? el('span', { class: 'arrow', 'aria-hidden': 'true' }, sorting.descending ? '▾' : '▴')
          : null,
      ),
    );
  });
  return el(
    'div',
    { class: 'titles', role: 'rowgroup', onKeyDown },
    el('div', { class: 'row', role: 'row', 'aria-rowindex': 1 }, cells),
  );
}
