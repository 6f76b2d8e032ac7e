import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { figuresBlock, replaceFigures } from './figures.ts';
import { peersHtml } from './html-report.ts';
import { peersPicture } from './picture.ts';
import type { PeersResult } from './types.ts';

/**
 * Writes peers.html and peers.svg beside the result, and the block of figures in the README of `root` when the
 * results lie in its bench/results and the README has the markers.
 */
export function renderResult(result: PeersResult, folder: string, root: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'peers.html'), peersHtml(result));
  const picture = join(folder, 'peers.svg');
  writeFileSync(picture, peersPicture(result));
  const readme = join(root, 'README.md');
  if (resolve(folder) !== resolve(root, 'bench', 'results') || !existsSync(readme)) return;
  const before = readFileSync(readme, 'utf8');
  const after = replaceFigures(before, figuresBlock(result, relative(root, picture)));
  if (after !== before) writeFileSync(readme, after);
}
