import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { AlliumError } from '../../../codec/error.ts';
import { fileError } from '../../../runtime/real/file-error.ts';
import { PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE } from '../../private-folder.ts';
import { type Credential, madePassword, makeCredential, parseCredential } from './password.ts';

/** Whether nothing from outside of this machine can reach it. */
export function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1' || host === 'localhost';
}

/**
 * Who may ask. With a password in the settings that one, on loopback without any nobody is asked, and elsewhere the one
 * that was made at the first start: its hash is kept in the file `path`, for the owner alone, and `onMade` is told the
 * password that one time. Rejects with BAD_STATE when the file is not as it was written, else with the file system's codes.
 */
export async function credentialFor(
  options: {
    readonly host: string;
    readonly user: string;
    readonly password: string | undefined;
    readonly path: string;
  },
  modules: { readonly onMade: (password: string) => void },
): Promise<Credential | undefined> {
  const { host, user, password, path } = options;
  if (password !== undefined) return makeCredential(user, password);
  if (isLoopback(host)) return undefined;
  const kept = await readKept(path);
  if (kept !== undefined) return { ...kept, user };
  const made = madePassword();
  const credential = await makeCredential(user, made);
  await writeKept(path, credential);
  modules.onMade(made);
  return credential;
}

async function readKept(path: string): Promise<Credential | undefined> {
  let text: string;
  try {
    text = await fs.readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, 'read', path);
  }
  const credential = parseCredential(text);
  if (credential !== undefined) return credential;
  throw new AlliumError('BAD_STATE', `${path} does not hold the hash of a password`, {
    advice: 'Delete it, and the next start makes a new password; or set remotePassword.',
    details: { path },
  });
}

/** All of it or nothing: a half-written one would lock the owner out. */
async function writeKept(path: string, credential: Credential): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await fs.mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER_MODE });
    const file = await fs.open(temporary, 'wx', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(`${JSON.stringify(credential)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw fileError(error, 'write', path);
  }
}
