import fs from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../runtime/real/file-error.ts';
import { PRIVATE_FILE_MODE } from '../private-folder.ts';

const NAME = 'remote-address';

/** Notes in the state folder where the node that runs can be reached, for commands on the same machine. */
export async function writeAddress(stateFolder: string, url: string): Promise<void> {
  const path = join(stateFolder, NAME);
  try {
    await fs.writeFile(path, `${url}\n`, { mode: PRIVATE_FILE_MODE });
  } catch (error) {
    throw fileError(error, 'write', path);
  }
}

/** Undefined: no node that uses this folder runs, or it has no such port. */
export async function readAddress(stateFolder: string): Promise<string | undefined> {
  const path = join(stateFolder, NAME);
  try {
    const text = (await fs.readFile(path, 'utf8')).trim();
    return URL.canParse(text) ? text : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, 'read', path);
  }
}

export async function removeAddress(stateFolder: string): Promise<void> {
  await fs.rm(join(stateFolder, NAME), { force: true });
}
