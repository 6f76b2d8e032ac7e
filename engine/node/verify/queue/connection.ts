import { Redis } from 'ioredis';
import { AlliumError } from '../../../codec/error.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS_MAX = 2_000;
/** What the server says while the connection is made. */
const SAID_MAX = 8;
const PROTOCOLS: ReadonlySet<string> = new Set(['redis:', 'rediss:']);

/** The address without what may be secret in it. */
export function queueHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'of that address';
}

/**
 * Connects to Valkey or Redis. A connection that breaks later is made again, as often as it takes. Throws AlliumError:
 * BAD_USAGE for an address that is none, NETWORK_FAILED when nobody is there or the password is refused. No error
 * holds the password.
 */
export async function connectQueue(url: string): Promise<Redis> {
  if (!URL.canParse(url) || !PROTOCOLS.has(new URL(url).protocol)) {
    throw new AlliumError('BAD_USAGE', 'the address of the queue is not understood', {
      advice: 'It looks like redis://HOST:6379 or redis://:PASSWORD@HOST:6379/0, or rediss:// over TLS.',
    });
  }
  let isOpen = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    // Known to every version of either server.
    protocol: 2,
    // Commands wait while it is away: whoever gives up does so with a reason of its own.
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => (isOpen ? Math.min(100 * times, RETRY_MS_MAX) : null),
  });
  const said: string[] = [];
  const onError = (error: Error): void => {
    if (said.length < SAID_MAX) said.push(error.message);
  };
  // For as long as it lives: an error without a listener would end the process.
  redis.on('error', onError);
  try {
    await inTime(redis.connect().then(() => redis.ping()));
    if (said.length > 0) throw new Error(said[0]);
    isOpen = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    if (said.length === 0) said.push(error instanceof Error ? error.message : '');
    throw connectError(url, said);
  }
}

/** What to tell the user when the server at `url` said this. */
export function connectError(url: string, said: readonly string[]): AlliumError {
  const host = queueHost(url);
  const details = { host };
  const isSaid = (pattern: RegExp): boolean => said.some((text) => pattern.test(text));
  const isWrong = isSaid(/^(?:WRONGPASS|ERR (?:invalid password|AUTH|Client sent AUTH))/i);
  if (isWrong || isSaid(/^NOAUTH/i)) {
    return new AlliumError(
      'NETWORK_FAILED',
      `the queue at ${host} ${isWrong ? 'does not take this user and password' : 'wants a password'}`,
      {
        advice: 'The address looks like redis://:PASSWORD@HOST:6379 or redis://USER:PASSWORD@HOST.',
        details,
      },
    );
  }
  if (isSaid(/DB index/i)) {
    return new AlliumError('NETWORK_FAILED', `the queue at ${host} has no database of that number`, {
      advice: 'The number behind the last slash of the address is 0 to 15 as a rule.',
      details,
    });
  }
  return new AlliumError('NETWORK_FAILED', `the queue at ${host} cannot be reached`, {
    advice: 'Is Valkey or Redis running there? The address looks like redis://HOST:6379.',
    details,
  });
}

/** Rejects when it takes longer than a server should: one that accepts and says nothing is none. */
export async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), CONNECT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
