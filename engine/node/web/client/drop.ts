import type { Model } from './model.ts';

const LINK = /magnet:\?[^\s"'<>]+/g;

/** The magnet links in a text. */
export function linksIn(text: string): string[] {
  return text.match(LINK) ?? [];
}

/** Torrent files and magnet links that are dropped on the page or pasted into it go to the dialog that adds them. */
export function takeDrops(model: Model): void {
  let depth = 0;
  const mark = (by: number): void => {
    depth = Math.max(0, depth + by);
    document.body.classList.toggle('dropping', depth > 0);
  };
  document.addEventListener('dragenter', () => mark(1));
  document.addEventListener('dragleave', () => mark(-1));
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(-depth);
    take(model, event.dataTransfer);
  });
  document.addEventListener('paste', (event) => {
    if ((event.target as HTMLElement).matches('input, textarea')) return;
    if (take(model, event.clipboardData)) event.preventDefault();
  });
}

function take(model: Model, data: DataTransfer | null): boolean {
  const files = [...(data?.files ?? [])].filter(({ name }) => name.toLowerCase().endsWith('.torrent'));
  const links = linksIn(`${data?.getData('text/uri-list') ?? ''}\n${data?.getData('text/plain') ?? ''}`);
  if (files.length === 0 && links.length === 0) {
    if ((data?.files.length ?? 0) > 0) model.say('bad', 'That is no torrent file.');
    return false;
  }
  const open = model.dialog.value;
  const before = open?.kind === 'add' ? open : { files: [], links: [] };
  model.dialog.set({
    kind: 'add',
    files: [...before.files, ...files],
    links: [...new Set([...before.links, ...links])],
  });
  return true;
}
