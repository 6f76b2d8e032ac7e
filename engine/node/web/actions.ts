import { AlliumError } from '../../codec/error.ts';
import { printable } from '../../codec/text.ts';
import type { Control } from '../control/control.ts';
import type { Action } from './api-schemas.ts';
import type { ActionAnswer, ApiFailure } from './wire.ts';

/** Torrents that an action is carried out on at once. */
const AT_ONCE = 16;
/** Failures told one by one; the rest is counted. */
const FAILURES_MAX = 20;

/** Carries out `action` on each torrent; what fails for one does not hold up the others. */
export async function runAction(
  control: Control,
  action: Action,
  infoHashes: readonly string[],
): Promise<ActionAnswer> {
  if (action.kind === 'queue') {
    await control.moveInQueue(infoHashes, action.where);
    return { done: infoHashes.length, failed: 0, failures: [] };
  }
  const one = stepOf(control, action);
  const failures: ApiFailure[] = [];
  let [done, failed] = [0, 0];
  const waiting = infoHashes.values();
  const work = async (): Promise<void> => {
    for (const infoHash of waiting) {
      try {
        await one(infoHash);
        done++;
      } catch (error) {
        failed++;
        if (failures.length < FAILURES_MAX) failures.push(failureOf(error, infoHash));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, infoHashes.length) }, work));
  return { done, failed, failures };
}

function stepOf(
  control: Control,
  action: Exclude<Action, { kind: 'queue' }>,
): (infoHash: string) => Promise<void> {
  switch (action.kind) {
    case 'start':
      return (infoHash) => control.start(infoHash);
    case 'stop':
      return (infoHash) => control.stop(infoHash);
    case 'recheck':
      return (infoHash) => control.recheck(infoHash);
    case 'reannounce':
      return (infoHash) => control.reannounce(infoHash);
    case 'remove':
      return (infoHash) => control.remove(infoHash, { deleteData: action.deleteData });
    case 'move':
      return (infoHash) => control.move(infoHash, action.root, { moveData: action.moveData });
    case 'change':
      return (infoHash) => control.change(infoHash, action.change);
  }
}

/** What the page is told of an error; what is not ours is told as it is, made safe to show. */
export function failureOf(error: unknown, infoHash = ''): ApiFailure {
  if (error instanceof AlliumError) {
    const { code, message, advice } = error;
    return { infoHash, code, message: printable(message), advice: printable(advice) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { infoHash, code: 'IO_FAILED', message: printable(message), advice: '' };
}
