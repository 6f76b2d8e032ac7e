import { AlliumError } from '../../codec/error.ts';
import { FolderLock } from '../store/folder-lock.ts';

/** Keeps other relays off a data folder. Rejects with BAD_STATE, in the words of a relay's configuration. */
export async function takeRelayLock(folder: string): Promise<FolderLock> {
  try {
    return await FolderLock.take(folder);
  } catch (error) {
    if (!(error instanceof AlliumError) || error.code !== 'BAD_STATE') throw error;
    throw new AlliumError('BAD_STATE', `another process uses the data folder ${folder}`, {
      advice: 'Stop it first, or give this relay a "dataDir" of its own.',
      details: error.details,
      cause: error,
    });
  }
}
