import type { FileDetail, PeerDetail, TorrentDetail } from '../../../../engine/node/control/details.ts';
import type { RowState, TorrentRow } from '../../../../engine/node/control/row.ts';
import { FakeControl } from '../../control/fake-control.ts';
import { fakeRow } from '../../control/fake-rows.ts';

const MIB = 1024 * 1024;
const NAMES = [
  'debian-12.8.0-amd64-DVD-1.iso',
  'Sintel (2010) 4K open movie',
  'archlinux-2026.11.01-x86_64.iso',
  'Big Buck Bunny 60fps 2160p',
  'wikipedia_en_all_maxi_2026-10.zim',
  'OpenStreetMap planet 261109.osm.pbf',
  'Tears of Steel, all formats',
  'LibriVox: The Time Machine, H. G. Wells',
  'ubuntu-26.10-desktop-arm64.iso',
  'Night of the Living Dead (1968) restored',
  'Project Gutenberg 2026 April',
  'kiwix-tools and 40 small wikis',
] as const;
const TRACKERS = [
  'tracker.example.org',
  'bt.example.net',
  'open.example.com',
  'private.example.io',
  '',
] as const;
const CATEGORIES = ['linux', 'films', 'books', 'maps', ''] as const;
const TAGS: readonly (readonly string[])[] = [[], ['keep'], [], ['slow', 'keep'], [], ['new']];
const STATES: readonly RowState[] = ['seeding', 'seeding', 'seeding', 'queued', 'seeding', 'stopped'];
const FIRST: readonly RowState[] = [
  'downloading',
  'seeding',
  'downloading',
  'seeding',
  'checking',
  'seeding',
];

/** A node with many torrents as they are in life: a few move, some are in trouble, most rest. The same each time. */
export class SceneControl extends FakeControl {
  constructor(count: number) {
    super();
    for (const name of CATEGORIES) {
      if (name !== '')
        this.categories.set(name, { name, root: '', downLimit: 0, upLimit: 0, seedLimits: {} });
    }
    for (let id = 1; id <= count; id++) this.put(sceneRow(id, count));
    this.statsChange = {
      startedAtMs: Date.now() - 7_400_000,
      dhtNodes: 412,
      connectionCount: 1_204,
      slab: { slotCount: 16_384, leasedSlots: 3_120, leasedSlotsPeak: 6_800 },
      hashing: { messages: 48_211, bytes: 12_400 * MIB, pending: 3, threadCount: 4 },
      closeReasons: { 'the peer ended it': 1_204, 'both have all': 390, 'no answer': 207 },
      memoryBytes: 310 * MIB,
    };
  }

  override async detail(infoHash: string): Promise<TorrentDetail> {
    const detail = await super.detail(infoHash);
    const { row } = detail;
    if (row.state !== 'downloading') return { ...detail, files: filesOf(row), peers: [] };
    const have = new Uint8Array(Math.ceil(row.pieceCount / 8));
    const availability = new Uint8Array(row.pieceCount);
    for (let piece = 0; piece < row.pieceCount; piece++) {
      const chance = noise(piece + row.id);
      availability[piece] = piece % 97 < 2 ? 0 : 1 + (chance % 9);
      if ((chance % 1000) / 1000 < row.progress) have[piece >> 3]! |= 0x80 >> (piece & 7);
    }
    const fetching = Array.from({ length: 12 }, (_, index) => (index * 71 + 13) % row.pieceCount);
    const isMissing = (piece: number): boolean => (have[piece >> 3]! & (0x80 >> (piece & 7))) === 0;
    return {
      ...detail,
      files: filesOf(row),
      peers: PEERS,
      have,
      availability,
      fetching: fetching.filter(isMissing),
    };
  }
}

/** Plausible chance that is the same each time. */
function noise(number: number): number {
  return Math.imul(number ^ (number >>> 7), 2_654_435_761) >>> 4;
}

function sceneRow(id: number, count: number): TorrentRow {
  const chance = noise(id);
  const fromEnd = count - id;
  const state =
    fromEnd < 24
      ? FIRST[fromEnd % FIRST.length]!
      : id % 997 === 0
        ? 'error'
        : STATES[chance % STATES.length]!;
  const progress = state === 'downloading' ? 0.05 + (chance % 90) / 100 : state === 'checking' ? 0.42 : 1;
  const totalBytes = (40 + (chance % 9_000)) * MIB;
  const isMoving = fromEnd < 24 && state !== 'checking';
  const name = NAMES[fromEnd % NAMES.length]!;
  const peerCount = isMoving ? 3 + (chance % 40) : 0;
  return fakeRow(id, {
    name: fromEnd < NAMES.length ? name : `${name} · ${id}`,
    state,
    error: state === 'error' ? 'the disk that holds it does not answer' : '',
    totalBytes,
    progress,
    doneBytes: Math.floor(totalBytes * progress),
    pieceDoneCount: Math.floor(Math.ceil(totalBytes / MIB) * progress),
    downBytesPerSec: state === 'downloading' ? (chance % 9_000) * 1024 : 0,
    upBytesPerSec: isMoving ? (chance % 5_000) * 1024 : 0,
    uploadedBytes: Math.floor((totalBytes * (chance % 400)) / 100),
    peerCount,
    seedCount: Math.floor(peerCount / 3),
    swarmSeeds: 5 + (chance % 300),
    swarmLeechers: chance % 80,
    category: CATEGORIES[chance % CATEGORIES.length]!,
    tags: TAGS[(chance >> 3) % TAGS.length]!,
    trackerHost: TRACKERS[(chance >> 5) % TRACKERS.length]!,
    isPrivate: (chance >> 4) % 6 === 0,
    addedAtMs: 1_795_000_000_000 + id * 1000,
  });
}

function filesOf(row: TorrentRow): readonly FileDetail[] {
  const count = 14;
  return Array.from({ length: count }, (_, index): FileDetail => {
    const byteLength = Math.floor(row.totalBytes / count);
    return {
      index,
      path: `${row.name}/part ${String(index + 1).padStart(2, '0')}.bin`,
      byteLength,
      doneBytes: Math.floor(byteLength * Math.min(1, row.progress * (0.6 + index / 10))),
      wish: index === 3 ? 0 : index === 0 ? 3 : 2,
      firstPiece: Math.floor((row.pieceCount * index) / count),
      endPiece: Math.ceil((row.pieceCount * (index + 1)) / count),
    };
  });
}

const CLIENTS = [
  'libtorrent 2.0.8',
  'Transmission 4.0.6',
  'Allium 0.1.0',
  'qBittorrent 5.0.2',
  'Deluge 2.1.1',
] as const;
const PEERS: readonly PeerDetail[] = Array.from({ length: 9 }, (_, index) => ({
  host: index === 4 ? '2001:db8::42' : `198.51.100.${17 + index * 9}`,
  port: 6881 + index * 331,
  client: CLIENTS[index % CLIENTS.length]!,
  transport: index % 3 === 2 ? 'utp' : 'tcp',
  encrypted: index % 2 === 0,
  incoming: index % 4 === 3,
  progress: index % 3 === 0 ? 1 : 0.2 + index / 12,
  downBytesPerSec: (9 - index) * 180_000,
  upBytesPerSec: index % 3 === 0 ? 0 : index * 44_000,
  downloadedBytes: (9 - index) * 55 * MIB,
  uploadedBytes: index * 9 * MIB,
  amChoking: index % 2 === 1,
  amInterested: true,
  peerChoking: index > 6,
  peerInterested: index % 3 !== 0,
}));
