import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../test/interop/support/program.ts';
import type { TorNetwork } from '../../test/interop/support/tor/network.ts';
import type { TorNode } from '../../test/interop/support/tor/node.ts';
import { startTorNetwork } from '../../test/interop/support/tor/start.ts';
import { Daemon, until } from '../support/daemon.ts';
import { type AlliumRelay, startAlliumRelay } from './allium.ts';

const SOURCE = fileURLToPath(new URL('./source.js', import.meta.url));
const ALLIUM_RELAYS = ['allium1', 'allium2', 'allium3'] as const;
const READY_MS = 40_000;
/** Votes take processor time; the first takes place at once in any case. */
const INTERVAL_SEC = 60;

/** How C tor sends: as it comes (every 10 ms at most), or at once. */
export type Scheduler = 'as it comes' | 'Vanilla';
const SCHEDULERS: Readonly<Record<Scheduler, string>> = {
  'as it comes': 'KIST,KISTLite,Vanilla',
  Vanilla: 'Vanilla',
};

export interface BenchNetworkOptions {
  /** Start relays of Allium, too. */
  readonly hasAllium: boolean;
  /** Words for the `node` of a relay of Allium, such as `--cpu-prof`. */
  readonly relayWords: (nickname: string) => readonly string[];
  /** Everything is ended after this time. */
  readonly ttlMs: number;
  readonly say: (line: string) => void;
}

/** The one network that all contestants are in. */
export class BenchNetwork {
  readonly tor: TorNetwork;
  readonly relays: readonly AlliumRelay[];
  /** A C tor client that may choose C tor relays only, so that it can join two legs (conflux). */
  readonly freeClient: TorNode;
  readonly #fingerprints: ReadonlyMap<string, string>;
  readonly #source: Daemon;
  readonly sourcePort: number;
  readonly root: string;
  #scheduler: Scheduler = 'as it comes';

  constructor(parts: {
    readonly tor: TorNetwork;
    readonly relays: readonly AlliumRelay[];
    readonly fingerprints: ReadonlyMap<string, string>;
    readonly freeClient: TorNode;
    readonly source: Daemon;
    readonly sourcePort: number;
    readonly root: string;
  }) {
    this.tor = parts.tor;
    this.relays = parts.relays;
    this.freeClient = parts.freeClient;
    this.#fingerprints = parts.fingerprints;
    this.#source = parts.source;
    this.sourcePort = parts.sourcePort;
    this.root = parts.root;
  }

  /** Processes that only help. */
  get helpers(): readonly number[] {
    return [this.#source.pid];
  }

  /** Of a relay, by its name: 40 capital hex digits. */
  fingerprint(name: string): string {
    return this.#fingerprints.get(name) ?? this.tor.node(name).fingerprint;
  }

  /** Its process. */
  pid(name: string): number {
    return this.relays.find(({ nickname }) => nickname === name)?.daemon.pid ?? this.tor.node(name).pid;
  }

  /** Lets all C tor processes send in this way. */
  async schedule(scheduler: Scheduler): Promise<void> {
    if (scheduler === this.#scheduler) return;
    this.#scheduler = scheduler;
    const running = this.tor.nodes.filter(({ program }) => program.running);
    await Promise.all(
      running.map((node) => this.tor.control(node).setConf({ Schedulers: SCHEDULERS[scheduler] })),
    );
  }

  /** An empty folder of that name. */
  folder(name: string): string {
    const path = join(this.root, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async stop(): Promise<void> {
    await Promise.all(this.relays.map(({ daemon }) => daemon.stop('SIGINT')));
    this.#source.kill();
    await this.tor.stop();
  }
}

/** Starts three authorities, three exits and two clients of C tor, three relays of Allium, and the source. */
export async function startBenchNetwork(options: BenchNetworkOptions): Promise<BenchNetwork> {
  const root = scratchFolder();
  const source = new Daemon(process.execPath, [SOURCE]);
  const said = await source.line((line) => line.startsWith('port '), 10_000);
  const relays: AlliumRelay[] = [];
  let fingerprints: ReadonlyMap<string, string> = new Map();
  const bringAllium = async (network: TorNetwork): Promise<readonly string[]> => {
    const authorities = network.dirAuthorityLines();
    for (const nickname of ALLIUM_RELAYS) {
      const place = {
        folder: join(root, nickname),
        authorities,
        nodeWords: options.relayWords(nickname),
      };
      relays.push(await startAlliumRelay(nickname, place));
    }
    fingerprints = await announced(authorities, relays);
    return [...fingerprints.values()];
  };
  const tor = await startTorNetwork({
    ...{ authorities: 3, exits: 3, clients: 1, intervalSec: INTERVAL_SEC, ttlMs: options.ttlMs },
    consensusParams: { cc_alg: 2 },
    torrc: { client1: [`ControlSocket ${join(controlFolder(root), 'client1')}`] },
    ...(options.hasAllium ? { onAuthorities: bringAllium } : {}),
    onProgress: (what, elapsedMs) => options.say(`  ${what}, ${(elapsedMs / 1000).toFixed(1)} s`),
  });
  const excluded = [...fingerprints.values()].map((one) => `$${one}`).join(',');
  const freeClient = await tor.launch(
    'client',
    'client2',
    excluded === '' ? [] : [`ExcludeNodes ${excluded}`],
  );
  await tor.waitUntilBootstrapped(freeClient, READY_MS);
  const sourcePort = Number(said.text.split(' ')[1]);
  return new BenchNetwork({ tor, relays, fingerprints, freeClient, source, sourcePort, root });
}

/** The folder of control sockets. */
export function controlFolder(root: string): string {
  const folder = join(root, 'control');
  // Tor uses no socket that others might open.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Waits until every authority has descriptors of these relays. Returns fingerprints by nickname. */
async function announced(
  authorities: readonly string[],
  relays: readonly AlliumRelay[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const line of authorities) {
    const place = /127\.0\.0\.1:\d+/.exec(line.replace(/orport=\d+/, ''))?.[0] ?? '';
    await until(
      'the authorities have the descriptors of Allium’s relays',
      async () => {
        const dead = relays.find(({ daemon }) => !daemon.running);
        if (dead !== undefined) throw new Error(`${dead.nickname} ended: ${dead.daemon.output}`);
        const text = await fetchText(`http://${place}/tor/server/all`);
        for (const [nickname, fingerprint] of fingerprintsIn(text)) found.set(nickname, fingerprint);
        return relays.every(({ nickname }) => text.includes(`router ${nickname} `));
      },
      { timeoutMs: READY_MS, everyMs: 100 },
    ).catch((error: unknown) => {
      throw new Error(`no descriptors: ${relays.map(({ daemon }) => daemon.output).join('\n')}`, {
        cause: error,
      });
    });
  }
  return new Map(relays.map(({ nickname }) => [nickname, found.get(nickname) ?? '']));
}

/** Nickname and fingerprint of every server descriptor in a text. */
export function fingerprintsIn(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/^router (\S+) [\s\S]*?^fingerprint ([0-9A-F ]{49})$/gm)].map(
    ([, nickname = '', fingerprint = '']) => [nickname, fingerprint.replaceAll(' ', '')],
  );
}

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}
