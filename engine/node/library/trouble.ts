import { join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { TorrentRow } from '../control/row.ts';
import type { Trouble } from './entry.ts';

/** Files are open that many, or the system is short of something for a moment. */
const PASSING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY']);

/**
 * What an error means for a torrent. `offline`: it goes on when its files are back; `full`: when there is room; `busy`:
 * after a little while; `error`: when its owner has done something about it.
 */
export function troubleOf(error: unknown): Trouble {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof AlliumError)) return { kind: 'error', message };
  const text = error.advice === '' ? message : `${message}. ${error.advice}`;
  if (error.code === 'NOT_FOUND') return { kind: 'offline', message: text };
  if (error.code === 'NO_SPACE') return { kind: 'full', message: text };
  const system = error.details['system'];
  const isPassing = typeof system === 'string' && PASSING.has(system);
  return { kind: isPassing ? 'busy' : 'error', message: text };
}

/** Files with verified pieces are not there any more. */
export function filesGone(row: TorrentRow, missing: readonly string[]): AlliumError {
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  return new AlliumError('NOT_FOUND', `${join(row.root, missing[0] ?? '')}${others} is not there any more`, {
    advice: 'Put it back (is the disk mounted?), or check the torrent to fetch it anew.',
    details: { name: row.name },
  });
}

/** What a torrent has got could not be saved, so that nothing may be done to its files. */
export function notSaved(name: string): AlliumError {
  return new AlliumError('IO_FAILED', `what is known of “${name}” could not be saved`, {
    advice: 'Look at the disk that the state folder is on, and try again.',
  });
}

/** What lies in the place of a torrent is somebody else's. */
export function notOurs(name: string, root: string): AlliumError {
  const path = join(root, name);
  return new AlliumError('WRONG_KIND', `what lies at ${path} is not the data of this torrent`, {
    advice: 'It was left as it is. Move it away and start the torrent again.',
    details: { path },
  });
}

/** The folder of a torrent is gone, or there is nothing in it where there was something. */
export function rootGone(root: string): AlliumError {
  return new AlliumError('NOT_FOUND', `${root} is not there, or has been emptied`, {
    advice: 'Mount the disk; its torrents go on by themselves.',
    details: { path: root },
  });
}
