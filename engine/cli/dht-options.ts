import { type Command, Option } from 'commander';
import type { OpenDht } from '../node/dht/open-dht.ts';
import type { Endpoint } from '../runtime/port.ts';
import { countValue, endpointValue, portValue, repeatedValue } from './support/option-values.ts';
import { writeErr } from './support/output.ts';

/** Words that all commands of the DHT share. */
export interface DhtWords {
  readonly host?: readonly string[];
  readonly port?: number;
  readonly bootstrap?: readonly Endpoint[];
  readonly state?: string;
  readonly timeout?: number;
  readonly json?: true;
}

/** Adds them. `port`: where it listens when nothing is said; 0 for any. */
export function addDhtOptions(command: Command, port: number): Command {
  return command
    .option('--host <address>', 'listen on this address; repeatable (0.0.0.0)', repeatedValue)
    .addOption(new Option('--port <port>', `UDP port (${port === 0 ? 'any' : port})`).argParser(portValue))
    .option(
      '--bootstrap <host:port>',
      'a node to begin with; repeatable; there are no built-in ones',
      endpointValue,
    )
    .option('--state <file>', 'where the node id and the nodes known are kept')
    .option('--json', 'print the result as JSON');
}

/** Adds the time after which a command ends by itself. */
export function addTimeout(command: Command, seconds: number): Command {
  return command.addOption(
    new Option('--timeout <seconds>', 'end after this time with what there is')
      .argParser(countValue(1, 86_400))
      .default(seconds),
  );
}

export interface OpenWords {
  /** Where to listen when the words do not say. */
  readonly port: number;
  /** BEP 43: a command that asks and is gone is no node to keep in tables. */
  readonly readOnly: boolean;
  /** BEP 42. */
  readonly enforceIds?: boolean;
}

/** Opens the DHT as the words say. Throws BAD_USAGE when there is nobody to begin with and `needsOthers`. */
export async function openByWords(
  words: DhtWords,
  settings: OpenWords & { readonly needsOthers: boolean },
): Promise<OpenDht> {
  const { AlliumError } = await import('../codec/error.ts');
  const { createRealRuntime } = await import('../runtime/real/runtime.ts');
  const { openDht } = await import('../node/dht/open-dht.ts');
  if (settings.needsOthers && words.bootstrap === undefined && words.state === undefined) {
    throw new AlliumError('BAD_USAGE', 'nobody to ask', {
      advice:
        'Name a node of the DHT with --bootstrap HOST:PORT, or a file of an earlier run with --state FILE.',
    });
  }
  const dht = await openDht(
    {
      hosts: words.host ?? ['0.0.0.0'],
      port: words.port ?? settings.port,
      bootstrap: words.bootstrap ?? [],
      statePath: words.state,
      settings: { readOnly: settings.readOnly, enforceIds: settings.enforceIds === true },
    },
    { runtime: createRealRuntime() },
  );
  for (const { host, port } of dht.unresolved) {
    writeErr(`allium dht: the name of ${host}:${port} is not known; going on without it.\n`);
  }
  return dht;
}

/** Aborts when the user interrupts or the time is over. `cancel` lets go of the timer. */
export function deadline(
  signal: AbortSignal,
  seconds: number,
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, seconds * 1000);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return {
    signal: ending.signal,
    cancel: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    },
  };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Throws when the DHT was joined by nobody: nothing was looked for then. */
export async function checkJoined(dht: OpenDht): Promise<void> {
  const { AlliumError } = await import('../codec/error.ts');
  if (dht.group.nodes.some((node) => node.table.size > 0)) return;
  throw new AlliumError('NETWORK_FAILED', 'no node of the DHT has answered', {
    advice: 'Check the address given with --bootstrap, and that UDP may pass.',
  });
}
