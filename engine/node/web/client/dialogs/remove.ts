import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { act } from '../api.ts';
import { el, part } from '../html.ts';
import type { Model } from '../model.ts';
import { Frame, tick } from './frame.ts';

const NAMES_SHOWN = 5;

/** Asks before torrents are removed, and whether their data goes with them. */
export function RemoveDialog({
  model,
  infoHashes,
}: {
  readonly model: Model;
  readonly infoHashes: readonly string[];
}): VNode {
  const [deleteData, setDeleteData] = useState(false);
  const what = infoHashes.length === 1 ? 'the torrent' : `${infoHashes.length.toLocaleString('en')} torrents`;
  const submit = (): void => {
    model.dialog.set(undefined);
    void act(
      model,
      infoHashes,
      { kind: 'remove', deleteData },
      `Removed ${what}${deleteData ? ' and the data' : ''}.`,
    );
  };
  return part(
    Frame,
    {
      ...{ model, isDangerous: true, onSubmit: submit },
      title: `Remove ${what}?`,
      action: deleteData ? 'Remove and delete data' : 'Remove',
    },
    nameList(model, infoHashes),
    tick('Also delete the data from the disk', deleteData, setDeleteData),
    deleteData ? el('p', { class: 'warning', role: 'alert' }, 'The files are gone for good then.') : null,
  );
}

/** The first of their names. */
export function nameList(model: Model, infoHashes: readonly string[]): VNode {
  const left = infoHashes.length - NAMES_SHOWN;
  return el(
    'ul',
    { class: 'names' },
    infoHashes.slice(0, NAMES_SHOWN).map((infoHash) => el('li', { key: infoHash }, model.nameOf(infoHash))),
    left > 0 ? el('li', { class: 'soft' }, `and ${left.toLocaleString('en')} more`) : null,
  );
}
