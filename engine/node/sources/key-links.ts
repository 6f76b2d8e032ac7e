import type { Magnet } from '../../bittorrent/magnet/types.ts';
import { AlliumError } from '../../codec/error.ts';
import { infoHashOf } from '../../discovery/dht/mutable-torrent.ts';
import type { Clock } from '../../runtime/port.ts';
import type { DhtFinder } from './finders.ts';

/** Between two look-ups, as while the node has not joined the DHT yet. */
const AGAIN_MS = 2_000;

/**
 * BEP 46: the torrent that the owner of a key points to now, in place of a link that names the key alone; every other link
 * as it is. Goes on until it is found. Rejects with BAD_USAGE where there is no DHT, with INTERRUPTED after `signal`.
 */
export async function resolveKeyLink(
  magnet: Magnet,
  modules: { readonly dht: DhtFinder | undefined; readonly clock: Clock },
  signal?: AbortSignal,
): Promise<Magnet> {
  const { mutable } = magnet;
  const isNamed = magnet.infoHashV1 !== undefined || magnet.infoHashV2 !== undefined;
  if (isNamed || mutable === undefined) return magnet;
  const { dht, clock } = modules;
  if (dht?.getMutable === undefined) throw noDht();
  while (signal?.aborted !== true) {
    const { item } = await dht.getMutable(mutable.publicKey, mutable.salt, signal);
    const infoHashV1 = item === undefined ? undefined : infoHashOf(item);
    if (infoHashV1 !== undefined) return { ...magnet, infoHashV1 };
    await pause(clock, signal);
  }
  throw new AlliumError('INTERRUPTED', 'stopped before the key was found in the DHT');
}

function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(AGAIN_MS, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}

function noDht(): AlliumError {
  return new AlliumError('BAD_USAGE', 'this magnet link names no info-hash, only a key', {
    advice: 'A torrent that is found by a key needs the DHT: name nodes with --dht-bootstrap.',
  });
}
