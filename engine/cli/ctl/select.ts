import { AlliumError } from '../../codec/error.ts';
import type { RemoteClient } from '../../node/remote/client.ts';

/** A torrent as far as it has to be known to be named. */
export interface Named {
  readonly id: number;
  readonly hash: string;
  readonly name: string;
}

const PREFIX_MIN = 6;

/**
 * The torrents that words name: `all`, a number, the beginning of an info-hash, or a part of the name that no other
 * has. Throws NOT_FOUND, or BAD_USAGE when a word could mean several.
 */
export async function select(client: RemoteClient, words: readonly string[]): Promise<readonly Named[]> {
  const { torrents } = await client.call('torrent_get', {
    fields: ['id', 'hash_string', 'name'],
    format: 'table',
  });
  const rows = (torrents as readonly (readonly [number, string, string])[]).slice(1);
  const all = rows.map(([id, hash, name]) => ({ id, hash, name }));
  if (words.length === 1 && words[0] === 'all') return all;
  const chosen = new Map<number, Named>();
  for (const word of words) {
    const one = theOne(all, word);
    chosen.set(one.id, one);
  }
  return [...chosen.values()];
}

/** The torrent that a word names. */
export async function selectOne(client: RemoteClient, word: string): Promise<Named> {
  const [named, ...others] = await select(client, [word]);
  if (named !== undefined && others.length === 0) return named;
  throw new AlliumError('BAD_USAGE', `“${word}” is not one torrent`, { advice: 'See allium ctl list.' });
}

function theOne(all: readonly Named[], word: string): Named {
  const byId = /^\d{1,9}$/.test(word) ? all.find(({ id }) => id === Number(word)) : undefined;
  if (byId !== undefined) return byId;
  const lower = word.toLowerCase();
  const isHash = word.length >= PREFIX_MIN && /^[0-9a-f]+$/.test(lower);
  const byHash = isHash ? all.filter(({ hash }) => hash.startsWith(lower)) : [];
  const byName = all.filter(({ name }) => name.toLowerCase().includes(lower));
  const exact = all.filter(({ name }) => name === word);
  const found = [byHash, exact, byName].find((list) => list.length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new AlliumError('NOT_FOUND', `no torrent is “${word}”`, { advice: 'See allium ctl list.' });
  }
  throw new AlliumError('BAD_USAGE', `“${word}” could be ${found.length} torrents`, {
    advice: 'Use the number that allium ctl list shows.',
  });
}

export const hashesOf = (named: readonly Named[]): readonly string[] => named.map(({ hash }) => hash);

/** `3 torrents`, `“name”`. */
export function spoken(named: readonly Named[]): string {
  return named.length === 1 ? `“${named[0]!.name}”` : `${named.length} torrents`;
}
