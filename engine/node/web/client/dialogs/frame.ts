import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { button, el } from '../html.ts';
import type { Model } from '../model.ts';

/** A dialog with a title, a form and its buttons. Esc closes it; the focus stays inside, and then goes back. */
export function Frame(props: {
  readonly model: Model;
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Of the button that does it; none: the dialog is only to be read. */
  readonly action?: string;
  readonly isDangerous?: boolean;
  readonly isBusy?: boolean;
  readonly onSubmit?: () => void;
}): VNode {
  const { model, title, action, isBusy = false, isDangerous = false } = props;
  const place = useRef<HTMLElement>(null);
  const close = (): void => model.dialog.set(undefined);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = place.current as HTMLDialogElement;
    dialog.showModal();
    return () => {
      dialog.close();
      before?.focus();
    };
  }, []);
  return el(
    'dialog',
    {
      ref: place,
      'aria-labelledby': 'dialog-title',
      onCancel: (event: Event) => {
        event.preventDefault();
        close();
      },
    },
    el(
      'form',
      {
        method: 'dialog',
        onSubmit: (event: Event) => {
          event.preventDefault();
          if (!isBusy) props.onSubmit?.();
        },
      },
      el('h2', { id: 'dialog-title' }, title),
      el('div', { class: 'body' }, props.children),
      el(
        'div',
        { class: 'buttons' },
        button(action === undefined ? 'Close' : 'Cancel', close),
        action === undefined
          ? null
          : el(
              'button',
              { type: 'submit', class: isDangerous ? 'danger' : 'primary', disabled: isBusy },
              action,
            ),
      ),
    ),
  );
}

/** A field with its name above it. */
export function field(label: string, input: VNode, note = ''): VNode {
  return el(
    'label',
    { class: 'field' },
    el('span', null, label),
    input,
    note === '' ? null : el('small', null, note),
  );
}

/** A box to tick, with its name beside it. */
export function tick(label: string, isOn: boolean, set: (isOn: boolean) => void): VNode {
  const onChange = (event: Event): void => set((event.currentTarget as HTMLInputElement).checked);
  return el('label', { class: 'tick' }, el('input', { type: 'checkbox', checked: isOn, onChange }), label);
}
