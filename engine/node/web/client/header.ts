import type { VNode } from 'preact';
import { formatRate } from '../../../codec/units.ts';
import { saveOptions, wordsOf } from './api.ts';
import { useCell } from './cell.ts';
import { Chart } from './chart.ts';
import { button, el, part } from './html.ts';
import { icon } from './icons.ts';
import type { Model, Panel } from './model.ts';
import { nextTheme, theme } from './theme.ts';

export const SPEED_LINES = [
  { label: 'Down', colour: 'down' },
  { label: 'Up', colour: 'up' },
] as const;

/** Name, rates with their chart, and the switches of the page. */
export function Header({ model }: { readonly model: Model }): VNode {
  const event = useCell(model.stats);
  const down = formatRate(event?.stats.downBytesPerSec ?? 0);
  const up = formatRate(event?.stats.upBytesPerSec ?? 0);
  return el(
    'header',
    { class: 'head' },
    el(
      'h1',
      { class: 'brand' },
      el('img', { src: 'assets/icon.svg', alt: '', width: 26, height: 26 }),
      'Allium',
    ),
    el(
      'div',
      { class: 'rates' },
      rate('Down', 'down', down),
      rate('Up', 'up', up),
      part(Chart, {
        label: `Speed of the last minutes; now ${down} down and ${up} up`,
        lines: SPEED_LINES,
        data: model.speed.data,
        version: event,
        small: true,
      }),
    ),
    el('div', { class: 'grow' }),
    part(Switches, { model }),
  );
}

function rate(label: string, kind: 'down' | 'up', value: string): VNode {
  return el(
    'div',
    { class: `rate ${kind}` },
    el('span', { class: 'sign', 'aria-hidden': 'true' }, icon(kind)),
    el('span', { class: 'words' }, label),
    el('b', { class: 'num' }, value),
  );
}

function Switches({ model }: { readonly model: Model }): VNode {
  const setup = useCell(model.setup);
  const panel = useCell(model.panel);
  const colours = useCell(theme);
  const isTurtle = setup?.options.altEnabled ?? false;
  const open = (name: Panel): void => model.panel.set(panel === name ? 'none' : name);
  const turtle = (): void => {
    saveOptions({ altEnabled: !isTurtle }).catch((error) => model.say('bad', wordsOf(error)));
  };
  return el(
    'div',
    { class: 'switches', role: 'toolbar', 'aria-label': 'Page' },
    button(
      [icon('add'), el('span', null, 'Add')],
      () => model.dialog.set({ kind: 'add', files: [], links: [] }),
      {
        class: 'primary',
        'aria-keyshortcuts': 'a',
      },
    ),
    button(icon('turtle'), turtle, {
      label: 'Slow mode: the other speed limits',
      class: 'round',
      'aria-pressed': isTurtle,
    }),
    button(icon('engine'), () => open('engine'), {
      label: 'Engine',
      class: 'round',
      'aria-pressed': panel === 'engine',
    }),
    button(icon('options'), () => open('options'), {
      label: 'Options',
      class: 'round',
      'aria-pressed': panel === 'options',
    }),
    button(icon(colours === 'auto' ? 'auto' : colours), nextTheme, {
      label: `Colours: ${colours === 'auto' ? 'as the system' : colours}`,
      class: 'round',
    }),
    button('?', () => model.dialog.set({ kind: 'help' }), { label: 'Keyboard help', class: 'round' }),
  );
}
