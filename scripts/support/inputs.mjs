import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file below `folder` whose name ends in `suffix`, sorted, relative to `root` with forward slashes.
 * @param {string} root @param {string} folder @param {string} suffix @returns {string[]}
 */
export function listFiles(root, folder, suffix) {
  const found = [];
  const pending = [folder];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    let entries;
    try {
      entries = readdirSync(join(root, at), { withFileTypes: true });
    } catch {
      continue; // not there (yet): nothing below it
    }
    for (const entry of entries) {
      if (entry.isDirectory()) pending.push(`${at}/${entry.name}`);
      else if (entry.name.endsWith(suffix)) found.push(`${at}/${entry.name}`);
    }
  }
  return found.sort();
}

/**
 * A short name for the state of these files: it changes when one is added, removed or written.
 * @param {string} root @param {readonly string[]} files @param {readonly string[]} more further text that matters
 * @returns {string}
 */
export function fingerprint(root, files, more) {
  const hash = createHash('sha256');
  for (const text of more) hash.update(`${text}\n`);
  for (const file of files) {
    const stat = statSync(join(root, file), { throwIfNoEntry: false });
    hash.update(stat === undefined ? `${file} -\n` : `${file} ${stat.size} ${stat.mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 32);
}
