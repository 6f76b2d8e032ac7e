import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../log.ts';
import { checkRelayConfig, type RelayConfig } from './config.ts';
import type { RelayWords } from './config-schema.ts';

/** What may be another while a relay runs. */
export const RELOADABLE = [
  'contact',
  'family',
  'exitPolicy',
  'bandwidthRate',
  'bandwidthBurst',
  'heartbeatHours',
  'shutdownWait',
] as const satisfies readonly (keyof RelayWords)[];

/** What comes of another configuration for a relay that runs. */
export interface Reload {
  /** The one to go on with. */
  readonly config: RelayConfig;
  /** Keys that are another now. */
  readonly changed: readonly string[];
  /** Keys that differ and stay as they were until the relay is started again. */
  readonly needRestart: readonly string[];
}

/**
 * Takes over what may change. `file` is the configuration, for messages. Throws BAD_USAGE where what may change does not
 * go together with what stays.
 */
export function reloadConfig(old: RelayConfig, fresh: RelayConfig, file: string): Reload {
  const keys = Object.keys(fresh.words) as (keyof RelayWords)[];
  const different = keys.filter((key) => !isDeepStrictEqual(old.words[key], fresh.words[key]));
  const mayChange: ReadonlySet<keyof RelayWords> = new Set(RELOADABLE);
  const changed = different.filter((key) => mayChange.has(key));
  const needRestart = different.filter((key) => !mayChange.has(key));
  const taken = Object.fromEntries(changed.map((key) => [key, fresh.words[key]]));
  // From the words, so that a policy is made with the addresses that the relay really has.
  const { words, exitPolicy, isExit, rate } = checkRelayConfig({ ...old.words, ...taken }, file);
  return { config: { ...old, words, exitPolicy, isExit, rate }, changed, needRestart };
}

/** What the operator hears of it. */
export function tellReload({ changed, needRestart }: Reload, log: Log): void {
  log.info('the configuration was read again', { changed: changed.join(' ') || 'nothing' });
  if (needRestart.length > 0) {
    log.warn('some of what has changed needs a restart', { keys: needRestart.join(' ') });
  }
}
