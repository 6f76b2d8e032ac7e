import { extname } from 'node:path';
import { isMagnetLink } from '../../../bittorrent/magnet/parse.ts';
import { parseMetainfo } from '../../../bittorrent/metainfo/parse.ts';
import { AlliumError } from '../../../codec/error.ts';
import type { AddRequest, AddSource } from '../../control/control.ts';
import { ensureCategory } from '../ensure-category.ts';
import type { Call, Reply } from './call.ts';
import { seedLimitsIn } from './limits.ts';

const RATE_MAX = Number.MAX_SAFE_INTEGER;
const ADDED: Reply = { text: 'Ok.' };
const NOTHING_ADDED: Reply = { text: 'Fails.' };

/**
 * `torrents/add`: files and magnet links, with settings for all of them. What is added stays even when a later one is
 * refused; when nothing was new, the answer is the one word that tools look for.
 */
export async function add(call: Call): Promise<Reply> {
  const { control, params } = call;
  const sources = sourcesOf(call);
  if (sources.length === 0) return NOTHING_ADDED;
  const category = params.text('category') ?? '';
  await ensureCategory(control, category);
  const settings = settingsOf(call);
  let added = 0;
  let refusal: AlliumError | undefined;
  for (const source of sources) {
    try {
      const { isNew } = await control.add({ ...settings, ...rootOf(call, source), source });
      if (isNew) added++;
    } catch (error) {
      if (!(error instanceof AlliumError)) throw error;
      refusal ??= error;
    }
  }
  if (added > 0) return ADDED;
  if (refusal === undefined) return NOTHING_ADDED;
  const isFile = refusal.code === 'BAD_TORRENT' || refusal.code === 'BAD_BENCODE';
  if (isFile) return { text: `Error: ${refusal.message}`, status: 415 };
  throw refusal;
}

/** Throws BAD_USAGE for addresses that would have to be fetched. */
function sourcesOf({ params }: Call): readonly AddSource[] {
  const links = params.list('urls', '\n');
  if (links.some((link) => !isMagnetLink(link))) {
    throw new AlliumError('BAD_USAGE', 'the node fetches no torrent files', {
      advice: 'Send the file itself, or a magnet link.',
    });
  }
  return [...params.files.map((torrentFile) => ({ torrentFile })), ...links.map((magnet) => ({ magnet }))];
}

function settingsOf({ params }: Call): Omit<AddRequest, 'source'> {
  const stopped = params.truth('stopped') ?? params.truth('paused');
  const skipCheck = params.truth('skip_checking');
  const sequential = params.truth('sequentialDownload');
  const toTopOfQueue = params.truth('addToTopOfQueue');
  const forced = params.truth('forced');
  const rename = params.text('rename') ?? '';
  const downLimit = params.whole('dlLimit', -1, RATE_MAX);
  const upLimit = params.whole('upLimit', -1, RATE_MAX);
  const category = params.text('category') ?? '';
  const tags = params.list('tags', ',');
  return {
    ...(category === '' ? {} : { category }),
    ...(tags.length === 0 ? {} : { tags: [...new Set(tags)] }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(skipCheck === undefined ? {} : { skipCheck }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(toTopOfQueue === undefined ? {} : { toTopOfQueue }),
    ...(forced === undefined ? {} : { forced }),
    ...(rename === '' ? {} : { rename }),
    ...(downLimit === undefined ? {} : { downLimit: Math.max(0, downLimit) }),
    ...(upLimit === undefined ? {} : { upLimit: Math.max(0, upLimit) }),
    seedLimits: seedLimitsIn(params, {}),
  };
}

/**
 * Where it goes. With the layout “Subfolder” a torrent of one file gets a folder of its own; leaving out the folder of
 * a torrent of many is refused, as its files would lie where they are not looked for.
 */
function rootOf({ control, params }: Call, source: AddSource): { readonly root?: string } {
  const given = params.text('savepath') ?? '';
  const layout = params.text('contentLayout') ?? 'Original';
  const plain = given === '' ? {} : { root: given };
  if (layout !== 'Subfolder' && layout !== 'NoSubfolder') return plain;
  if ('magnet' in source) return plain;
  const { name, isSingleFile } = parseMetainfo(source.torrentFile);
  if (layout === 'NoSubfolder' && !isSingleFile) {
    throw new AlliumError('BAD_USAGE', 'the folder of a torrent cannot be left out', {
      advice: 'Use the layout Original.',
    });
  }
  if (layout === 'NoSubfolder' || !isSingleFile) return plain;
  const category = control.categories.get(params.text('category') ?? '')?.root ?? '';
  const below = given === '' ? category : given;
  const base = below === '' ? control.options.downloadRoot : below;
  return { root: `${base}/${name.slice(0, name.length - extname(name).length)}` };
}
