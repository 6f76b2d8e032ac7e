import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { NodeOptions } from '../../../control/session-options.ts';
import { saveOptions, wordsOf } from '../api.ts';
import { useCell } from '../cell.ts';
import { field, tick } from '../dialogs/frame.ts';
import { el, part, textOf } from '../html.ts';
import type { Model } from '../model.ts';
import { changedOptions, DAYS, type Draft, draftOf } from './options-draft.ts';
import { SidePanel } from './side-panel.ts';

/** What can be changed while the node runs. */
export function OptionsPanel({ model }: { readonly model: Model }): VNode {
  const setup = useCell(model.setup);
  if (setup === undefined)
    return part(SidePanel, { model, title: 'Options' }, el('p', null, 'Waiting for the node…'));
  return part(SidePanel, { model, title: 'Options' }, part(Form, { model, options: setup.options }));
}

function Form({ model, options }: { readonly model: Model; readonly options: NodeOptions }): VNode {
  const [draft, setDraft] = useState<Draft>(() => draftOf(options));
  const set = (change: Partial<Draft>): void => setDraft({ ...draft, ...change });
  const submit = (): void => {
    const read = changedOptions(draft, draftOf(options));
    if ('complaint' in read) {
      model.say('bad', read.complaint);
      return;
    }
    saveOptions(read.options).then(
      () => model.say('good', 'Saved.'),
      (error) => model.say('bad', wordsOf(error)),
    );
  };
  const text = (label: string, name: keyof Draft, note = ''): VNode => {
    const onInput = (event: Event): void => set({ [name]: textOf(event) });
    return field(label, el('input', { value: String(draft[name]), onInput }), note);
  };
  return el(
    'form',
    {
      class: 'options',
      onSubmit: (event: Event) => {
        event.preventDefault();
        submit();
      },
    },
    group(
      'Speed',
      pair(text('Down', 'downLimit'), text('Up', 'upLimit')),
      el('small', null, 'Such as 10 MiB/s. Empty: no limit.'),
    ),
    group(
      'Slow mode',
      tick('On now', draft.altEnabled, (altEnabled) => set({ altEnabled })),
      pair(text('Down', 'altDownLimit'), text('Up', 'altUpLimit')),
      tick('By a schedule', draft.scheduled, (scheduled) => set({ scheduled })),
      draft.scheduled ? part(Schedule, { draft, set }) : null,
    ),
    group(
      'Queue',
      pair(text('Downloads at once', 'activeDownloadsMax'), text('Seeds at once', 'activeSeedsMax')),
      el('small', null, '0: all.'),
      tick('Start torrents when they are added', draft.startWhenAdded, (startWhenAdded) =>
        set({ startWhenAdded }),
      ),
    ),
    group(
      'Connections',
      pair(text('In all', 'connectionsMax'), text('For a torrent', 'peersPerTorrentMax')),
      text('Peers of a torrent served at once', 'uploadSlotsPerTorrent'),
    ),
    group(
      'Disk',
      text('Downloads go to', 'downloadRoot'),
      text('Stop downloads when less is free than', 'freeSpaceMin', 'Such as 10 GiB. Empty: never.'),
      text('Check the library in the background at', 'scrubRate', 'Such as 20 MiB/s. Empty: never.'),
      text('Each torrent every so many days', 'scrubDays'),
    ),
    el('div', { class: 'buttons' }, el('button', { type: 'submit', class: 'primary' }, 'Save')),
  );
}

function Schedule({
  draft,
  set,
}: {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
}): VNode {
  const time = (label: string, name: 'begin' | 'end'): VNode =>
    field(
      label,
      el('input', {
        type: 'time',
        value: draft[name],
        onInput: (event: Event) => set({ [name]: textOf(event) }),
      }),
    );
  return el(
    'div',
    null,
    pair(time('From', 'begin'), time('To', 'end')),
    el(
      'div',
      { class: 'days', role: 'group', 'aria-label': 'Days' },
      DAYS.map((day, bit) =>
        tick(day, (draft.days & (1 << bit)) !== 0, (isOn) =>
          set({ days: isOn ? draft.days | (1 << bit) : draft.days & ~(1 << bit) }),
        ),
      ),
    ),
  );
}

function pair(first: VNode, second: VNode): VNode {
  return el('div', { class: 'pair' }, first, second);
}

function group(title: string, ...children: (VNode | null)[]): VNode {
  return el('fieldset', { class: 'card' }, el('legend', null, title), ...children);
}
