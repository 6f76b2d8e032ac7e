import { isMagnetLink, MAGNET_LENGTH_MAX } from '../../bittorrent/magnet/parse.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Control } from '../control/control.ts';

/** Adds what lies in the watch folder: a torrent file, or a text file `….magnet` with one link. */
export async function addFile(control: Control, bytes: Uint8Array, path: string): Promise<void> {
  if (!path.endsWith('.magnet')) {
    await control.add({ source: { torrentFile: bytes } });
    return;
  }
  const magnet = new TextDecoder().decode(bytes.subarray(0, 2 * MAGNET_LENGTH_MAX)).trim();
  if (!isMagnetLink(magnet) || /\s/.test(magnet)) {
    throw new AlliumError('BAD_TORRENT', 'it does not hold one magnet link and nothing else', {
      advice: 'Write one link into each file.',
    });
  }
  await control.add({ source: { magnet } });
}
