import type { Dialer } from '../torrent/dialer.ts';
import type { ExtendedPeer, ExtensionDesk } from '../torrent/extension-desk.ts';
import type { ShardSeat } from '../torrent/seat.ts';
import { HolePunch } from './hole-punch.ts';
import { HOLEPUNCH_EXTENSION } from './message.ts';

/** What a torrent is to its hole punching. */
export interface PunchOwner {
  readonly metainfo: { readonly isPrivate: boolean };
  readonly modules: Pick<ShardSeat, 'runtime' | 'hasUtp'>;
  readonly peers: ReadonlyMap<number, ExtendedPeer>;
  readonly dialer: Dialer;
  readonly desk: ExtensionDesk;
}

/** Hole punching for a torrent; undefined where there is no uTP, or for a private one (BEP 27). */
export function joinHolePunch(owner: PunchOwner): HolePunch | undefined {
  if (!owner.modules.hasUtp || owner.metainfo.isPrivate) return undefined;
  return new HolePunch({
    clock: owner.modules.runtime.clock,
    peers: owner.peers,
    send: (peer, payload) => void owner.desk.send(peer, HOLEPUNCH_EXTENSION, payload),
    call: (endpoint) => owner.dialer.callByUtp(endpoint),
  });
}
