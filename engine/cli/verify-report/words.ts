import { statSync } from 'node:fs';
import { AlliumError } from '../../codec/error.ts';

/** What the words on the command line stand for. */
export interface VerifyWords {
  readonly torrents: readonly string[];
  readonly roots: readonly string[];
}

/**
 * Tells torrents from data: the first word is a torrent file or a folder of such, and so is every word behind it that
 * ends in `.torrent`, until the first that does not. With `named` torrents every word is data.
 *
 * @throws AlliumError BAD_USAGE when there are no torrents or no data
 */
export function splitWords(words: readonly string[], named: readonly string[]): VerifyWords {
  const count = named.length > 0 ? 0 : leadingTorrents(words);
  const torrents = [...named, ...words.slice(0, count)];
  const roots = words.slice(count);
  if (torrents.length === 0) {
    throw new AlliumError('BAD_USAGE', 'no torrent is named', {
      advice: 'Name a torrent file, then its data.',
    });
  }
  if (roots.length === 0) {
    throw new AlliumError('BAD_USAGE', 'no data is named', {
      advice: 'Name the folder the data lies in, or the data itself, after the torrent.',
    });
  }
  return { torrents, roots };
}

function leadingTorrents(words: readonly string[]): number {
  if (words.length === 0) return 0;
  let count = 1;
  if (isFolder(words[0]!)) return count;
  while (count < words.length && /\.torrent$/i.test(words[count]!) && !isFolder(words[count]!)) count += 1;
  return count;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
