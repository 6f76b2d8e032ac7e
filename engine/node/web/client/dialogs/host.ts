import type { VNode } from 'preact';
import { useCell } from '../cell.ts';
import { part } from '../html.ts';
import type { Model } from '../model.ts';
import { AddDialog } from './add.ts';
import { HelpDialog } from './help.ts';
import { LabelsDialog } from './labels.ts';
import { MoveDialog } from './move.ts';
import { RemoveDialog } from './remove.ts';

/** The dialog that is open, if any. */
export function DialogHost({ model }: { readonly model: Model }): VNode | null {
  const dialog = useCell(model.dialog);
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'add':
      return part(AddDialog, { model, files: dialog.files, links: dialog.links });
    case 'remove':
      return part(RemoveDialog, { model, infoHashes: dialog.infoHashes });
    case 'move':
      return part(MoveDialog, { model, infoHashes: dialog.infoHashes });
    case 'labels':
      return part(LabelsDialog, { model, infoHashes: dialog.infoHashes });
    case 'help':
      return part(HelpDialog, { model });
  }
}
