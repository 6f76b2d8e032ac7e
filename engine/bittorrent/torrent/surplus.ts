import type { TorrentPeer } from './torrent-peer.ts';

/** Who has to go when there are more than `peersMax`: those that move least go first, of these the latest to come. */
export function surplus(peers: Iterable<TorrentPeer>, peersMax: number, nowMs: number): TorrentPeer[] {
  const all = [...peers].filter(({ connection }) => !connection.closed);
  if (all.length <= peersMax) return [];
  const rateOf = (peer: TorrentPeer): number =>
    peer.downRate.bytesPerSec(nowMs) + peer.upRate.bytesPerSec(nowMs);
  return all
    .map((peer) => ({ peer, rate: rateOf(peer) }))
    .sort((a, b) => a.rate - b.rate || b.peer.connectedAtMs - a.peer.connectedAtMs)
    .slice(0, all.length - peersMax)
    .map(({ peer }) => peer);
}
