import type { VNode } from 'preact';
import { formatBytes, formatPercent, formatRate } from '../../../../codec/units.ts';
import type { PeerDetail } from '../../../control/details.ts';
import { useCell } from '../cell.ts';
import { el } from '../html.ts';
import type { Model } from '../model.ts';

const PEERS_SHOWN = 500;
const HEADS = ['Address', 'Program', 'Over', 'Has', 'Down', 'Up', 'Downloaded', 'Uploaded', 'State'] as const;

/** The peers that are connected, the fastest first. */
export function PeersTab({ model }: { readonly model: Model }): VNode {
  const { peers = [] } = useCell(model.detail);
  if (peers.length === 0) return el('p', { class: 'soft' }, 'No peers are connected.');
  const sorted = [...peers].sort((a, b) => speedOf(b) - speedOf(a)).slice(0, PEERS_SHOWN);
  return el(
    'table',
    { class: 'table' },
    el('caption', { class: 'words' }, 'Peers'),
    el(
      'thead',
      null,
      el(
        'tr',
        null,
        HEADS.map((head, at) =>
          el('th', { key: head, scope: 'col', class: at >= 3 && at <= 7 ? 'num' : '' }, head),
        ),
      ),
    ),
    el('tbody', null, sorted.map(row)),
  );
}

const speedOf = (peer: PeerDetail): number => peer.downBytesPerSec + peer.upBytesPerSec;
const rate = (value: number): string => (value > 0 ? formatRate(value) : '');

function row(peer: PeerDetail): VNode {
  const host = peer.host.includes(':') ? `[${peer.host}]` : peer.host;
  const over = `${peer.transport === 'web' ? 'HTTP' : peer.transport === 'utp' ? 'uTP' : 'TCP'}${peer.encrypted ? ', encrypted' : ''}`;
  const cells: readonly (readonly [string, string])[] = [
    ['', `${host}:${peer.port}`],
    ['', peer.client],
    ['', over],
    ['num', formatPercent(peer.progress)],
    ['num', rate(peer.downBytesPerSec)],
    ['num', rate(peer.upBytesPerSec)],
    ['num', formatBytes(peer.downloadedBytes)],
    ['num', formatBytes(peer.uploadedBytes)],
    ['', stateWords(peer)],
  ];
  return el(
    'tr',
    { key: `${host} ${peer.port}` },
    cells.map(([kind, text], at) => el('td', { key: at, class: kind }, text)),
  );
}

function stateWords(peer: PeerDetail): string {
  const words = [
    peer.incoming ? 'incoming' : '',
    peer.amInterested ? (peer.peerChoking ? 'makes us wait' : 'sends') : '',
    peer.peerInterested ? (peer.amChoking ? 'waits' : 'is served') : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}
