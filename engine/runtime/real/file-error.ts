import { AlliumError, type ErrorCode } from '../../codec/error.ts';
import { errorCode } from './endpoint.ts';

const NO_PERMISSION = ['NO_PERMISSION', 'check who may read and write there'] as const;
const WRONG_KIND = ['WRONG_KIND', 'a file and a folder are in each other’s place; move one away'] as const;
const NO_SPACE = ['NO_SPACE', 'free some space, or raise the quota'] as const;

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EFBIG: ['NO_SPACE', 'this file system cannot hold so large a file'],
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  EROFS: ['NO_PERMISSION', 'the file system is mounted read-only'],
  ENOENT: ['NOT_FOUND', 'check the path'],
  EISDIR: WRONG_KIND,
  ENOTDIR: WRONG_KIND,
  ENOTEMPTY: ['WRONG_KIND', 'the folder is not empty'],
  EEXIST: WRONG_KIND,
  ELOOP: ['WRONG_KIND', 'a symbolic link is where a file should be; it is not followed when writing'],
  EMFILE: ['IO_FAILED', 'too many open files; raise the limit (ulimit -n)'],
  ENFILE: ['IO_FAILED', 'too many open files on this machine'],
};

/** What the file system's refusal means. `action` completes “cannot …”. */
export function fileError(error: unknown, action: string, path: string): AlliumError {
  if (error instanceof AlliumError) return error;
  const system = errorCode(error);
  const [code, advice] = CODES[system] ?? ['IO_FAILED', 'look for disk errors in the system log'];
  return new AlliumError(code, `cannot ${action} ${path}: ${system || String(error)}`, {
    advice,
    details: { path, system },
    cause: error,
  });
}

/** An error with the system's code, as Node makes them. */
export function systemError(code: string): Error & { readonly code: string } {
  return Object.assign(new Error(code), { code });
}
