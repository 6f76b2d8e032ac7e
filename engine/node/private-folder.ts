import fs from 'node:fs';
import { dirname } from 'node:path';
import { AlliumError } from '../codec/error.ts';
import { fileError } from '../runtime/real/file-error.ts';

/** Rights of a folder for one user alone. */
export const PRIVATE_FOLDER_MODE = 0o700;
/** Rights of a file for one user alone. */
export const PRIVATE_FILE_MODE = 0o600;
/** What others may do with it. */
const OTHERS = 0o077;

/**
 * Makes a folder for one user alone if it is not there, and looks at it. `checkRights` throws when others may look into
 * the one that is there. Throws WRONG_KIND for what is no folder, else the file system's codes.
 */
export function openPrivateFolder(path: string, checkRights: (stat: fs.Stats) => void): void {
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER_MODE });
    fs.mkdirSync(path, { mode: PRIVATE_FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, 'create', path);
  }
  let stat: fs.Stats;
  try {
    stat = fs.statSync(path);
  } catch (error) {
    throw fileError(error, 'open', path);
  }
  if (!stat.isDirectory()) {
    throw new AlliumError('WRONG_KIND', `${path} is no folder`, {
      advice: 'move it away',
      details: { path },
    });
  }
  checkRights(stat);
}

/** Whether it belongs to another user. Never where the system has no numbers for users. */
export function isForeign(stat: fs.Stats): boolean {
  const uid = process.getuid?.();
  return uid !== undefined && stat.uid !== uid;
}

/** Whether others than the owner may read, change or enter it. */
export function isOpenToOthers(stat: fs.Stats): boolean {
  return (stat.mode & OTHERS) !== 0;
}
