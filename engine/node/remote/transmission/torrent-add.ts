import { isMagnetLink } from '../../../bittorrent/magnet/parse.ts';
import { parseMetainfo } from '../../../bittorrent/metainfo/parse.ts';
import { AlliumError } from '../../../codec/error.ts';
import type { AddRequest, AddSource } from '../../control/control.ts';
import type { FileWish } from '../../control/details.ts';
import { ensureCategory } from '../ensure-category.ts';
import {
  bytesOfBase64,
  indexesIn,
  type JsonRecord,
  textIn,
  textsIn,
  truthIn,
  wrongValue,
} from '../values.ts';
import type { Call } from './call.ts';
import { firstWishes } from './wishes.ts';

const MAGNET_FILES_MAX = 300_000;

/** `torrent_add`: a torrent file as base64, or a magnet link. What is there already is no error. */
export async function torrentAdd(
  args: JsonRecord,
  { control, style }: Call,
): Promise<Record<string, unknown>> {
  const source = sourceOf(args);
  const root = textIn(args, 'download_dir');
  const stopped = truthIn(args, 'paused');
  const tags = textsIn(args, 'labels');
  const sequential = truthIn(args, 'sequential_download');
  const wishes = wishesOf(args, source);
  const category = textIn(args, 'group') ?? '';
  await ensureCategory(control, category);
  const request: AddRequest = {
    source,
    ...(root === undefined || root === '' ? {} : { root }),
    ...(category === '' ? {} : { category }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags)] }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(wishes === undefined ? {} : { wishes }),
  };
  const { row, isNew } = await control.add(request);
  const { id, name, infoHash } = row;
  if (style === 'new') {
    return { [isNew ? 'torrent_added' : 'torrent_duplicate']: { id, name, hash_string: infoHash } };
  }
  return { [isNew ? 'torrent-added' : 'torrent-duplicate']: { id, name, hashString: infoHash } };
}

function sourceOf(args: JsonRecord): AddSource {
  const metainfo = textIn(args, 'metainfo');
  if (metainfo !== undefined && metainfo !== '') {
    const torrentFile = bytesOfBase64(metainfo);
    if (torrentFile === undefined) throw wrongValue('metainfo', 'a torrent file as base64');
    return { torrentFile };
  }
  const filename = textIn(args, 'filename') ?? '';
  if (isMagnetLink(filename)) return { magnet: filename };
  throw new AlliumError('BAD_USAGE', 'there is neither a torrent file nor a magnet link', {
    advice:
      filename === ''
        ? 'Give metainfo, or a magnet link as filename.'
        : 'The node fetches no torrent files and opens no paths for others: give the file itself as metainfo, or a magnet link.',
  });
}

function wishesOf(args: JsonRecord, source: AddSource): readonly FileWish[] | undefined {
  if ('torrentFile' in source) {
    return firstWishes(args, () =>
      parseMetainfo(source.torrentFile).files.flatMap(({ isPadding }, index) => (isPadding ? [] : [index])),
    );
  }
  // Nothing is known of the files behind a magnet link: only some can be left out, by their number.
  const unwanted = indexesIn(args, 'files_unwanted') ?? [];
  if (unwanted.length === 0) return undefined;
  const last = unwanted.reduce((most, index) => Math.max(most, index), 0);
  if (last > MAGNET_FILES_MAX) throw wrongValue('files_unwanted', `numbers up to ${MAGNET_FILES_MAX}`);
  const chosen = new Set(unwanted);
  return Array.from({ length: last + 1 }, (_, index) => (chosen.has(index) ? 0 : 2));
}
