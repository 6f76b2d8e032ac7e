import type { VNode } from 'preact';
import { el, part } from '../html.ts';
import { KEYS } from '../keyboard.ts';
import type { Model } from '../model.ts';
import { Frame } from './frame.ts';

/** All keys. */
export function HelpDialog({ model }: { readonly model: Model }): VNode {
  return part(
    Frame,
    { model, title: 'Keyboard' },
    el(
      'dl',
      { class: 'keys' },
      KEYS.map(([keys, what]) => [
        el(
          'dt',
          { key: keys },
          keys
            .split(' ')
            .map((key) => (/^(?:those|then|\+|those,)$/.test(key) ? ` ${key} ` : el('kbd', null, key))),
        ),
        el('dd', null, what),
      ]),
    ),
  );
}
