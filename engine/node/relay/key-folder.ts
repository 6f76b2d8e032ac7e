import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import {
  isForeign,
  isOpenToOthers,
  openPrivateFolder,
  PRIVATE_FILE_MODE,
  PRIVATE_FOLDER_MODE,
} from '../private-folder.ts';

/** No key of a relay comes near this. */
export const KEY_FILE_BYTES_MAX = 64 * 1024;
const MODE_BITS = 0o777;

/**
 * A folder whose files are secret: 0700, and each file 0600. One that others could look into is refused rather than
 * mended, since what was in it may be known already. Everything throws AlliumError: BAD_STATE for wrong rights or
 * owners, else the file system's codes. Contents never show up in messages.
 */
export class KeyFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder if it is not there. */
  static open(path: string): KeyFolder {
    openPrivateFolder(path, (stat) => checkRights(path, stat, PRIVATE_FOLDER_MODE));
    return new KeyFolder(path);
  }

  /** The path of a file in it. */
  fileOf(name: string): string {
    return join(this.path, name);
  }

  has(name: string): boolean {
    return fs.existsSync(this.fileOf(name));
  }

  /** Undefined when there is no such file. */
  read(name: string): Buffer | undefined {
    const path = this.fileOf(name);
    let file: number | undefined;
    try {
      file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
      const stat = fs.fstatSync(file);
      if (!stat.isFile())
        throw new AlliumError('WRONG_KIND', `${path} is no file`, { advice: 'move it away' });
      checkRights(path, stat, PRIVATE_FILE_MODE);
      if (stat.size > KEY_FILE_BYTES_MAX) throw badKey(path, 'it is too long for a key');
      return fs.readFileSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fileError(error, 'read', path);
    } finally {
      if (file !== undefined) fs.closeSync(file);
    }
  }

  /** Puts a file in the place of an older one, as a whole: after a power cut there is one or the other. */
  write(name: string, bytes: string | Uint8Array): void {
    const path = this.fileOf(name);
    const temporary = join(this.path, `.${name}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      const file = fs.openSync(temporary, 'wx', PRIVATE_FILE_MODE);
      try {
        fs.writeFileSync(file, bytes);
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(temporary, path);
      syncFolder(this.path);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw fileError(error, 'write', path);
    }
  }
}

function syncFolder(path: string): void {
  const folder = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

function checkRights(path: string, stat: fs.Stats, wanted: number): void {
  if (isForeign(stat)) {
    throw new AlliumError('BAD_STATE', `${path} belongs to another user (${stat.uid})`, {
      advice: 'Run the relay as that user, or give it a folder of its own.',
      details: { path },
    });
  }
  if (!isOpenToOthers(stat)) return;
  const [is, should] = [stat.mode & MODE_BITS, wanted].map((mode) => mode.toString(8).padStart(4, '0'));
  throw new AlliumError('BAD_STATE', `others may read or change ${path} (mode ${is})`, {
    advice: `If nobody can have copied the keys, run: chmod ${should} ${path}. Else make new keys.`,
    details: { path },
  });
}

/** A key file that cannot be used; `why` must not tell its content. */
export function badKey(path: string, why: string): AlliumError {
  return new AlliumError('BAD_STATE', `the key in ${path} cannot be used: ${why}`, {
    advice:
      'Put back a copy of it. Without it the relay begins anew under another identity: then move it away.',
    details: { path },
  });
}
