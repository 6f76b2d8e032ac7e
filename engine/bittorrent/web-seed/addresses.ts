import type { Metainfo } from '../metainfo/types.ts';
import type { WebSeedAddress } from './types.ts';

/** Web seeds of one torrent that are used; further ones are passed over. */
export const WEB_SEEDS_MAX = 32;

/** The web seeds of a torrent that can be asked: those reached by HTTP, each once. BEP 17 knows v1 pieces only. */
export function webSeedsOf(
  metainfo: Pick<Metainfo, 'webSeeds' | 'httpSeeds' | 'infoHashV1'>,
): readonly WebSeedAddress[] {
  const files = metainfo.webSeeds.map((url) => ({ kind: 'files', url }) as const);
  const pieces = metainfo.httpSeeds.map((url) => ({ kind: 'pieces', url }) as const);
  return [...files, ...(metainfo.infoHashV1 === undefined ? [] : pieces)]
    .filter(({ url }) => /^https?:\/\//i.test(url) && URL.canParse(url))
    .slice(0, WEB_SEEDS_MAX);
}
