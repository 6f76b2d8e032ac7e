import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { button, el } from '../html.ts';
import { icon } from '../icons.ts';
import type { Model } from '../model.ts';

/** A panel at the right of the list. It takes the focus when it opens. */
export function SidePanel(props: {
  readonly model: Model;
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  const { model, title, children } = props;
  const head = useRef<HTMLElement>(null);
  useEffect(() => head.current?.focus(), []);
  return el(
    'aside',
    { class: 'panel', 'aria-label': title },
    el(
      'div',
      { class: 'panelhead' },
      el('h2', { ref: head, tabIndex: -1 }, title),
      button(icon('close'), () => model.panel.set('none'), {
        label: `Close ${title.toLowerCase()}`,
        class: 'round',
      }),
    ),
    el('div', { class: 'panelbody' }, children),
  );
}
