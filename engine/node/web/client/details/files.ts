import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatPercent } from '../../../../codec/units.ts';
import type { FileDetail, FileWish } from '../../../control/details.ts';
import { act } from '../api.ts';
import { useCell } from '../cell.ts';
import { button, el, part, textOf } from '../html.ts';
import type { Model } from '../model.ts';

/** Rows added with each “more”: a torrent may have very many files. */
const STEP = 500;
const WISHES: readonly (readonly [FileWish, string])[] = [
  [3, 'High'],
  [2, 'Normal'],
  [1, 'Low'],
  [0, 'Not wanted'],
];

/** The files, and how each is wanted. */
export function FilesTab({ model, infoHash }: { readonly model: Model; readonly infoHash: string }): VNode {
  const { files = [] } = useCell(model.detail);
  const [shown, setShown] = useState(STEP);
  const wish = (some: readonly FileDetail[], value: FileWish): void => {
    const wishes = Object.fromEntries(some.map(({ index }) => [index, value]));
    void act(model, [infoHash], { kind: 'change', change: { wishes } });
  };
  const left = files.length - shown;
  return el(
    'div',
    null,
    el(
      'table',
      { class: 'table' },
      el('caption', { class: 'words' }, 'Files'),
      el(
        'thead',
        null,
        el(
          'tr',
          null,
          el('th', { scope: 'col' }, 'File'),
          el('th', { scope: 'col', class: 'num' }, 'Size'),
          el('th', { scope: 'col', class: 'num' }, 'Done'),
          el(
            'th',
            { scope: 'col' },
            part(WishSelect, {
              label: 'Wanted: all files',
              value: undefined,
              set: (value) => wish(files, value),
            }),
          ),
        ),
      ),
      el(
        'tbody',
        null,
        files.slice(0, shown).map((file) => row(infoHash, file, (value) => wish([file], value))),
      ),
    ),
    left > 0 ? button(`Show more (${left.toLocaleString('en')} left)`, () => setShown(shown + STEP)) : null,
  );
}

function row(infoHash: string, file: FileDetail, set: (wish: FileWish) => void): VNode {
  const done = file.byteLength === 0 ? 1 : file.doneBytes / file.byteLength;
  return el(
    'tr',
    { key: file.index, class: file.wish === 0 ? 'unwanted' : '' },
    el(
      'td',
      { class: 'wide', dir: 'auto' },
      // Streams while it is downloaded.
      el('a', { href: `stream/${infoHash}/${file.index}`, target: '_blank', rel: 'noreferrer' }, file.path),
    ),
    el('td', { class: 'num' }, formatBytes(file.byteLength)),
    el(
      'td',
      { class: 'num' },
      el(
        'span',
        { class: 'bar', 'aria-hidden': 'true' },
        el('i', { style: { transform: `scaleX(${done})` } }),
      ),
      formatPercent(done),
    ),
    el('td', null, part(WishSelect, { label: `Wanted: ${file.path}`, value: file.wish, set })),
  );
}

function WishSelect(props: {
  readonly label: string;
  readonly value: FileWish | undefined;
  readonly set: (wish: FileWish) => void;
}): VNode {
  return el(
    'select',
    {
      'aria-label': props.label,
      value: props.value === undefined ? '' : String(props.value),
      onChange: (event: Event) => props.set(Number(textOf(event)) as FileWish),
    },
    props.value === undefined ? el('option', { value: '' }, 'Wanted') : null,
    WISHES.map(([wish, label]) => el('option', { key: wish, value: String(wish) }, label)),
  );
}
