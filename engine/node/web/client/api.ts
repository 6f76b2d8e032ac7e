import type { Action, AddOptions } from '../api-schemas.ts';
import { type ActionAnswer, type ApiFailure, PAGE_HEADER } from '../wire.ts';
import type { Model } from './model.ts';

/** What went wrong with a request, in words for the reader. */
export class RequestError extends Error {}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const isFile = body instanceof Blob;
  const answer = await fetch(path, {
    method,
    headers: { [PAGE_HEADER]: '1', 'Content-Type': isFile ? 'application/x-bittorrent' : 'application/json' },
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
  }).catch(() => {
    throw new RequestError('The node does not answer.');
  });
  if (answer.ok) return (await answer.json()) as T;
  const failure = (await answer.json().catch(() => undefined)) as ApiFailure | undefined;
  throw new RequestError(failure === undefined ? `The node said ${answer.status}.` : sentence(failure));
}

function sentence({ message, advice }: ApiFailure): string {
  return `${message}.${advice === '' ? '' : ` ${advice}`}`;
}

type Added = { readonly name: string; readonly isNew: boolean };

export function addFile(file: Blob, options: AddOptions): Promise<Added> {
  return ask('POST', `api/torrents?options=${encodeURIComponent(JSON.stringify(options))}`, file);
}

export function addMagnet(magnet: string, options: AddOptions): Promise<Added> {
  return ask('POST', 'api/torrents', { magnet, options });
}

export function saveOptions(options: object): Promise<unknown> {
  return ask('PATCH', 'api/options', options);
}

export function saveCategory(name: string): Promise<unknown> {
  return ask('PUT', 'api/categories', { name });
}

/** A change of a torrent as it is sent: wishes by file index. */
type SentAction =
  | Exclude<Action, { kind: 'change' }>
  | {
      readonly kind: 'change';
      readonly change: Readonly<Record<string, unknown>>;
    };

/** Carries out an action and tells how it went; never rejects. */
export async function act(
  model: Model,
  infoHashes: readonly string[],
  action: SentAction,
  doneText = '',
): Promise<boolean> {
  if (infoHashes.length === 0) return false;
  try {
    const answer = await ask<ActionAnswer>('POST', 'api/actions', { infoHashes, action });
    const [first] = answer.failures;
    if (first !== undefined) {
      const others = answer.failed > 1 ? ` (and ${answer.failed - 1} more)` : '';
      model.say('bad', `“${model.nameOf(first.infoHash)}”: ${sentence(first)}${others}`);
    } else if (doneText !== '') model.say('good', doneText);
    return answer.failed === 0;
  } catch (error) {
    model.say('bad', wordsOf(error));
    return false;
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
