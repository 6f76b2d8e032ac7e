import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { act } from '../api.ts';
import { el, part, textOf } from '../html.ts';
import type { Model } from '../model.ts';
import { Frame, field, tick } from './frame.ts';
import { nameList } from './remove.ts';

/** Moves the data of torrents to another folder, or tells the node where it has been moved to. */
export function MoveDialog({
  model,
  infoHashes,
}: {
  readonly model: Model;
  readonly infoHashes: readonly string[];
}): VNode {
  const [root, setRoot] = useState('');
  const [moveData, setMoveData] = useState(true);
  const submit = async (): Promise<void> => {
    if (await act(model, infoHashes, { kind: 'move', root, moveData }, 'Moving.'))
      model.dialog.set(undefined);
  };
  return part(
    Frame,
    { model, title: 'Move data', action: 'Move', isBusy: root === '', onSubmit: () => void submit() },
    nameList(model, infoHashes),
    field(
      'To the folder',
      el('input', {
        value: root,
        required: true,
        placeholder: model.setup.value?.options.downloadRoot ?? '',
        onInput: (event: Event) => setRoot(textOf(event)),
      }),
    ),
    tick('The data is there already; move nothing', !moveData, (isOn) => setMoveData(!isOn)),
  );
}
