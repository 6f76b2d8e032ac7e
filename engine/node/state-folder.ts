import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { AlliumError } from '../codec/error.ts';
import type { KeyValueStore } from '../onion/client/types.ts';
import { fileError } from '../runtime/real/file-error.ts';
import { isForeign, isOpenToOthers, openPrivateFolder, PRIVATE_FILE_MODE } from './private-folder.ts';

/** A consensus and the microdescriptors of a large network are below this. */
export const STATE_FILE_BYTES_MAX = 64 * 1024 * 1024;
const HEAD_BYTES_MAX = 200;
const CLIENT_WORDS = {
  harm: 'it would show which guards are used',
  other: 'give another folder (--data)',
} as const;

/**
 * Small values in a folder for one user alone (0700, files 0600), one file for each key. A file begins with a line
 * that names its key, the length and the SHA-256 of what follows, and is replaced as a whole. A file that is not as it
 * was written, or that others may have touched, is told of and taken for absent: whoever asked begins afresh.
 */
export class StateFolder implements KeyValueStore {
  readonly path: string;
  readonly #onProblem: (error: AlliumError) => void;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, onProblem: (error: AlliumError) => void) {
    this.path = path;
    this.#onProblem = onProblem;
  }

  /**
   * Makes the folder if it is not there. Throws BAD_STATE when others may look into it or it is another user's, else
   * the file system's codes. `onProblem` hears of values that were refused or could not be written; `words` are what
   * the owner of such a folder is told.
   */
  static open(
    path: string,
    onProblem: (error: AlliumError) => void,
    words: { readonly harm: string; readonly other: string } = CLIENT_WORDS,
  ): StateFolder {
    openPrivateFolder(path, (stat) => {
      const why = touchable(stat);
      if (why === undefined) return;
      throw new AlliumError('BAD_STATE', `${path} ${why}: ${words.harm}`, {
        advice: `Run: chmod 0700 ${path}. Or ${words.other}.`,
        details: { path },
      });
    });
    return new StateFolder(path, onProblem);
  }

  /** Undefined when there is no value, or none that can be used. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const path = join(this.path, key);
    try {
      const bytes = await readOwn(path);
      if (bytes === undefined) return undefined;
      if (typeof bytes === 'string') return this.#refuse(path, bytes);
      return openValue(key, bytes) ?? this.#refuse(path, 'is damaged or no file of this program');
    } catch (error) {
      this.#onProblem(fileError(error, 'read', path));
      return undefined;
    }
  }

  /** Removes what a process left behind that was ended while it wrote. For the one who has the folder for itself. */
  tidy(): void {
    try {
      const left = fs.readdirSync(this.path).filter((name) => /^\..+\.[0-9a-f]{12}\.tmp$/.test(name));
      for (const name of left) fs.rmSync(join(this.path, name), { force: true });
    } catch (error) {
      this.#onProblem(fileError(error, 'tidy up', this.path));
    }
  }

  /** In the order of the calls. Never rejects: a client whose disk is full goes on without its memory. */
  set(key: string, value: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(key, value));
    return this.#writing;
  }

  async #write(key: string, value: Uint8Array): Promise<void> {
    const path = join(this.path, key);
    const temporary = join(this.path, `.${key}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      const file = await fs.promises.open(temporary, 'wx', PRIVATE_FILE_MODE);
      try {
        await file.writeFile(headOf(key, value));
        await file.writeFile(value);
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.promises.rename(temporary, path);
      await syncFolder(this.path);
    } catch (error) {
      await fs.promises.rm(temporary, { force: true }).catch(() => {});
      this.#onProblem(fileError(error, 'write', path));
    }
  }

  #refuse(path: string, why: string): undefined {
    this.#onProblem(
      new AlliumError('BAD_STATE', `${path} ${why}`, {
        advice: 'It is not used; what was in it is fetched or chosen afresh.',
        details: { path },
      }),
    );
    return undefined;
  }
}

/** The content; undefined when there is no such file; a text says why it is refused. */
async function readOwn(path: string): Promise<Buffer | string | undefined> {
  let file: fs.promises.FileHandle;
  try {
    // Opening a pipe would wait for somebody to write.
    file = await fs.promises.open(
      path,
      fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK,
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') return 'is a symbolic link';
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return 'is no file';
    const why = touchable(stat);
    if (why !== undefined) return why;
    if (stat.size > STATE_FILE_BYTES_MAX) return `is longer than ${STATE_FILE_BYTES_MAX} bytes`;
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Who else could have put it there. */
function touchable(stat: fs.Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  if (isForeign(stat)) return `belongs to another user (${stat.uid})`;
  return isOpenToOthers(stat) ? 'may be read or changed by others' : undefined;
}

function headOf(key: string, value: Uint8Array): string {
  const digest = createHash('sha256').update(value).digest('hex');
  return `allium-onion 1 ${key} ${value.length} ${digest}\n`;
}

function openValue(key: string, bytes: Buffer): Uint8Array | undefined {
  const end = bytes.subarray(0, HEAD_BYTES_MAX).indexOf(10);
  const value = bytes.subarray(end + 1);
  const isOurs = end > 0 && bytes.toString('latin1', 0, end + 1) === headOf(key, value);
  return isOurs ? value : undefined;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await fs.promises.open(path, fs.constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
