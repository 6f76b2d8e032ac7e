import type { VNode } from 'preact';
import { useCell } from './cell.ts';
import { button, el } from './html.ts';
import type { Model } from './model.ts';

/** What has happened, told once; screen readers read it out. */
export function Toasts({ model }: { readonly model: Model }): VNode {
  const toasts = useCell(model.toasts);
  return el(
    'div',
    { class: 'toasts', role: 'status', 'aria-live': 'polite' },
    toasts.map(({ id, kind, text }) =>
      el(
        'div',
        { key: id, class: `toast ${kind}` },
        el('span', null, text),
        button('×', () => model.unsay(id), { label: 'Dismiss', class: 'plain' }),
      ),
    ),
  );
}
