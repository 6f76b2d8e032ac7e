import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takePort } from '../../test/interop/support/tor/ports.ts';
import { Daemon, lastLines, until } from '../support/daemon.ts';

/** The command line as modules, so that a profile names the rooms of the engine. This file lies in dist/bench/onion. */
const ALLIUM = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const READY_MS = 30_000;

/** Where processes of Allium keep their files, and what they are told. */
export interface AlliumPlace {
  /** An empty folder for this process. */
  readonly folder: string;
  /** `nickname orport=… v3ident=… address:port fingerprint`, one for each authority. */
  readonly authorities: readonly string[];
  /** Words for `node` in front of the program, such as `--cpu-prof`. */
  readonly nodeWords?: readonly string[];
}

/** A relay of Allium. */
export interface AlliumRelay {
  readonly nickname: string;
  readonly daemon: Daemon;
}

/** Starts `allium relay`, an exit to everywhere. Whether the network takes it in is for the caller to see. */
export async function startAlliumRelay(nickname: string, place: AlliumPlace): Promise<AlliumRelay> {
  const config = {
    ...{ nickname, address: '127.0.0.1', orPort: await takePort(), listenAddress: '127.0.0.1' },
    ...{ authorities: place.authorities, dataDir: 'data', exitPolicy: ['accept *:*'] },
    ...{ allowPrivateAddresses: true, shutdownWait: 0, log: 'info' },
  };
  return { nickname, daemon: startAllium(['relay'], config, place) };
}

/** The client of Allium with its SOCKS port. */
export interface AlliumClient {
  readonly daemon: Daemon;
  readonly socksPort: number;
}

/** Starts `allium onion client`, whose circuits all go along this path of nicknames or fingerprints; `settings` win. */
export async function startAlliumClient(
  path: readonly [guard: string, middle: string, exit: string],
  place: AlliumPlace,
  settings: object = {},
): Promise<AlliumClient> {
  const socksPort = await takePort();
  const [guard, middle, exit] = path;
  const config = {
    ...{ authorities: place.authorities, dataDir: 'data', socks: `127.0.0.1:${socksPort}` },
    ...{ entryNodes: [guard], middleNodes: [middle], exitNodes: [exit] },
    ...{ testNetwork: true, log: 'info', ...settings },
  };
  return { daemon: startAllium(['onion', 'client'], config, place), socksPort };
}

/** Waits until a process of Allium does what `ready` looks for. Rejects with what it said when it ends before. */
export async function awaitAllium(
  what: string,
  daemon: Daemon,
  ready: () => Promise<boolean> | boolean,
): Promise<void> {
  await until(
    `${what}: ${lastLines(daemon.output)}`,
    async () => {
      if (!daemon.running) throw new Error(`${what}: ended: ${lastLines(daemon.output)}`);
      return ready();
    },
    { timeoutMs: READY_MS, everyMs: 50 },
  ).catch((error: unknown) => {
    throw new Error(`${what}: ${lastLines(daemon.output)}`, { cause: error });
  });
}

function startAllium(command: readonly string[], config: object, place: AlliumPlace): Daemon {
  mkdirSync(join(place.folder, 'data'), { recursive: true });
  // It takes no folder that others may look into.
  for (const folder of [place.folder, join(place.folder, 'data')]) chmodSync(folder, 0o700);
  const file = join(place.folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  return new Daemon(process.execPath, [...(place.nodeWords ?? []), ALLIUM, ...command, '--config', file]);
}
