/** Folders of an absolute path: what is kept in results must not tell whose machine it was. */
const FOLDERS = /(?<![\w:/.])\/(?:[^\s/"':]+\/)+/g;

/** Why something went wrong, on one line, without the folders of this machine. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(FOLDERS, '…/').replaceAll(/\s+/g, ' ').trim();
}
