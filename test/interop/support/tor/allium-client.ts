import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OnionView } from '../../../../engine/node/onion/view.ts';
import type { Leaks } from '../../../support/leaks.ts';
import { readWitness, witnessEnv, witnessWords } from '../../../support/secret-witness-files.ts';
import { RunningProgram, scratchFolder, until } from '../program.ts';
import { type Fetched, type FetchOptions, fetchThrough } from './download.ts';
import { checkContent, type TorNetwork } from './network.ts';

const MAIN = fileURLToPath(new URL('../../../../engine/cli/main.js', import.meta.url));

interface Doors {
  readonly socks: string;
  readonly httpConnect: string;
  readonly status: string;
}

/** `allium onion client` as a program of its own, in a private network. It may be stopped and started again. */
export class AlliumClient {
  /** Its configuration and, in `state`, what it keeps. */
  readonly folder: string;
  readonly #network: TorNetwork;
  #program: RunningProgram | undefined;
  #doors: Doors | undefined;
  /** All that it has logged, over all starts. */
  log = '';

  /** `config`: further keys of the configuration file. */
  constructor(network: TorNetwork, config: Readonly<Record<string, unknown>> = {}) {
    this.#network = network;
    this.folder = scratchFolder();
    mkdirSync(join(this.folder, 'witness'));
    writeFileSync(
      join(this.folder, 'client.json'),
      JSON.stringify({
        authorities: network.dirAuthorityLines(),
        ...{ dataDir: 'state', testNetwork: true, log: 'debug' },
        ...{ socks: '127.0.0.1:0', httpConnect: '127.0.0.1:0', status: '127.0.0.1:0' },
        ...config,
      }),
    );
  }

  get socksPort(): number {
    return portOf(this.#doors?.socks);
  }

  get httpConnectPort(): number {
    return portOf(this.#doors?.httpConnect);
  }

  /** Waits until it says where it listens. Throws with its log when it ends before. */
  async start(): Promise<void> {
    const words = [...witnessWords(), MAIN, 'onion', 'client', '--json', '--config'];
    const program = new RunningProgram(process.execPath, [...words, join(this.folder, 'client.json')], {
      env: witnessEnv(join(this.folder, 'witness')),
    });
    program.child.stdin?.end();
    program.child.stderr?.on('data', (text: string) => {
      this.log += text;
    });
    this.#program = program;
    try {
      this.#doors = await until('the client is ready', () => {
        if (!program.running) throw new Error('the client has ended');
        return program.stdout.trimEnd().endsWith('}') && (JSON.parse(program.stdout) as Doors);
      });
    } catch (error) {
      throw new Error(`${program.stderr}`, { cause: error });
    }
  }

  /** Its exit code. */
  async stop(): Promise<number | null> {
    return (await this.#program?.stop()) ?? null;
  }

  /** The steps of its bootstrap since the last start. */
  steps(): readonly string[] {
    const lines = (this.#program?.stderr ?? '').split('\n').filter((line) => line.startsWith('{'));
    return lines.flatMap((line) => (JSON.parse(line) as { readonly step?: string }).step ?? []);
  }

  /** What it shows of itself. */
  view(): Promise<OnionView> {
    return new Promise((resolve, reject) => {
      const asked = get(this.#doors?.status ?? '', { agent: false, timeout: 5000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(JSON.parse(text) as OnionView));
      });
      asked.on('error', reject);
    });
  }

  /** Fetches `path` of the origin. */
  fetch(path: string, options: FetchOptions = {}): Promise<Fetched> {
    return fetchThrough(this.socksPort, `${this.#network.origin.url}${path}`, options);
  }

  /** Downloads so many bytes; throws when one is missing or wrong. */
  async download(byteLength: number, options: FetchOptions = {}): Promise<Fetched> {
    const fetched = await this.fetch(`/bytes/${byteLength}`, options);
    checkContent(fetched, byteLength);
    return fetched;
  }

  /** The paths of circuits that have carried streams, as fingerprints. */
  async paths(): Promise<readonly (readonly string[])[]> {
    const { circuits } = await this.view();
    const used = circuits.filter(({ purpose, isDirty }) => purpose === 'exit' && isDirty);
    return used.map(({ hops }) => hops.map(({ fingerprint }) => fingerprint));
  }

  /** Every key that its processes have computed with so far. */
  secrets(): Leaks {
    return readWitness(join(this.folder, 'witness'));
  }
}

function portOf(place: string | undefined): number {
  return Number(place?.split(':').at(-1));
}
