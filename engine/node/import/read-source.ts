import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import { openDeluge, readDeluge } from './deluge.ts';
import { listQbittorrent, readQbittorrent } from './qbittorrent.ts';
import { bytesOf, namesIn } from './read-files.ts';
import { listRtorrent, readRtorrent } from './rtorrent.ts';
import type { PathMapping } from './source-paths.ts';
import { listTransmission, readTransmission } from './transmission.ts';
import type { ImportKind, SourceResult, SourceTorrent } from './types.ts';

/** A state folder of another program. */
export interface ImportSource {
  readonly kind: ImportKind;
  readonly folder: string;
}

/** Where the state lies below the folder that people name, by program. */
const PLACES: Readonly<Record<ImportKind, readonly string[]>> = {
  qbittorrent: ['.', 'BT_backup', 'data/BT_backup', 'qBittorrent/BT_backup', 'qBittorrent/data/BT_backup'],
  transmission: ['.'],
  rtorrent: ['.', 'session', '.session'],
  deluge: ['.', 'state'],
};
const KINDS = Object.keys(PLACES) as ImportKind[];

/** Which program's state lies at `folder`. Throws BAD_USAGE when none can be recognised. */
export function findSource(folder: string, wanted?: ImportKind): ImportSource {
  for (const kind of wanted === undefined ? KINDS : [wanted]) {
    for (const place of PLACES[kind]) {
      const at = join(folder, place);
      if (looksLike(kind, at)) return { kind, folder: at };
    }
  }
  const database = existsSync(join(folder, 'torrents.db'));
  throw new AlliumError('BAD_USAGE', `${folder} is no state folder that can be imported`, {
    advice: database
      ? 'This is qBittorrent with its state in a database; set the type of resume data storage to files, and restart it once.'
      : 'Name the BT_backup of qBittorrent, the folder of Transmission with torrents and resume in it, the session of rTorrent or the state of Deluge.',
    details: { folder },
  });
}

function looksLike(kind: ImportKind, folder: string): boolean {
  switch (kind) {
    case 'qbittorrent':
      return has(folder, /\.fastresume$/) && !existsSync(join(folder, 'torrents.state'));
    case 'transmission':
      return existsSync(join(folder, 'resume')) && existsSync(join(folder, 'torrents'));
    case 'rtorrent':
      return has(folder, /\.torrent\.rtorrent$/);
    case 'deluge':
      return existsSync(join(folder, 'torrents.state'));
  }
}

function has(folder: string, pattern: RegExp): boolean {
  try {
    return namesIn(folder).some((name) => pattern.test(name));
  } catch {
    return false;
  }
}

/**
 * Every torrent of a state folder, one after the other; nothing of the ones before stays in memory. One that is
 * damaged is told and does not stop the others. Throws when the folder itself cannot be read.
 */
export function* readSource(source: ImportSource, mappings: readonly PathMapping[]): Generator<SourceResult> {
  const { kind, folder } = source;
  if (kind === 'deluge') {
    const state = openDeluge(folder);
    for (const infoHash of state.torrents.keys()) {
      yield attempt(join(folder, `${infoHash}.torrent`), () => readDeluge(infoHash, state, mappings));
    }
    return;
  }
  if (kind === 'qbittorrent') {
    const places = new Map(queueOf(folder).map((infoHash, place) => [infoHash, place]));
    for (const path of listQbittorrent(folder)) {
      yield attempt(path, () => {
        const torrent = readQbittorrent(path, mappings);
        const queuePosition = places.get(basename(path, '.fastresume')) ?? torrent.state.queuePosition;
        return { ...torrent, state: { ...torrent.state, queuePosition } };
      });
    }
    return;
  }
  const [list, read] =
    kind === 'rtorrent' ? [listRtorrent, readRtorrent] : [listTransmission, readTransmission];
  for (const path of list(folder)) yield attempt(path, () => read(path, mappings));
}

function attempt(source: string, read: () => SourceTorrent): SourceResult {
  try {
    return { ok: true, torrent: read() };
  } catch (error) {
    // Whatever is wrong with the files of one torrent is one line of the report.
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, source, name: basename(source), why };
  }
}

/** qBittorrent keeps the order of its queue in a file of its own, one info-hash a line. */
function queueOf(folder: string): string[] {
  try {
    return bytesOf(join(folder, 'queue'))
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
