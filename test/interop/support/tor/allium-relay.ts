import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Leaks } from '../../../support/leaks.ts';
import { readWitness, witnessEnv, witnessWords } from '../../../support/secret-witness-files.ts';
import { RunningProgram, scratchFolder, until } from '../program.ts';
import type { TorNetwork } from './network.ts';
import { listens, takePort } from './ports.ts';

const MAIN = fileURLToPath(new URL('../../../../engine/cli/main.js', import.meta.url));
const START_TIMEOUT_MS = 30_000;

export interface AlliumRelayOptions {
  readonly nickname: string;
  /** Further keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** `allium relay` as a program of its own, in a private network of C tor. */
export class AlliumRelay {
  readonly nickname: string;
  readonly program: RunningProgram;
  readonly dataDir: string;
  readonly orPort: number;
  readonly metricsPort: number;
  readonly #witness: string;
  fingerprint = '';
  /** All it has written to its log. */
  log = '';

  private constructor(
    nickname: string,
    program: RunningProgram,
    place: {
      readonly dataDir: string;
      readonly orPort: number;
      readonly metricsPort: number;
      readonly witness: string;
    },
  ) {
    this.nickname = nickname;
    this.program = program;
    this.dataDir = place.dataDir;
    this.orPort = place.orPort;
    this.metricsPort = place.metricsPort;
    this.#witness = place.witness;
    program.child.stderr?.on('data', (text: string) => {
      this.log += text;
    });
  }

  /** Starts one that knows the authorities of this network, and waits until it listens. Throws with its log. */
  static async start(network: TorNetwork, options: AlliumRelayOptions): Promise<AlliumRelay> {
    const folder = await mkdtemp(join(scratchFolder(), 'relay-'));
    const [orPort, metricsPort] = [await takePort(), await takePort()];
    const dataDir = join(folder, 'data');
    const config = {
      nickname: options.nickname,
      contact: 'a test <nobody@invalid.test>',
      address: '127.0.0.1',
      listenAddress: '127.0.0.1',
      orPort,
      authorities: network.dirAuthorityLines(),
      dataDir,
      nameServers: [`127.0.0.1:${network.resolver.port}`],
      metrics: `127.0.0.1:${metricsPort}`,
      allowPrivateAddresses: true,
      log: 'debug',
      shutdownWait: 1,
      ...options.config,
    };
    const file = join(folder, 'relay.json');
    await writeFile(file, JSON.stringify(config));
    const witness = join(folder, 'witness');
    await mkdir(witness);
    const words = [...witnessWords(), MAIN, 'relay', '--config', file];
    const program = new RunningProgram(process.execPath, words, { env: witnessEnv(witness) });
    program.child.stdin?.end();
    const relay = new AlliumRelay(options.nickname, program, { dataDir, orPort, metricsPort, witness });
    await until(
      `${options.nickname} listens`,
      async () => {
        if (!program.running) throw new Error(`the relay has ended: ${relay.log}`);
        return listens(orPort);
      },
      START_TIMEOUT_MS,
    );
    relay.fingerprint = await until(
      'it says who it is',
      () => relay.lines('the relay runs')[0]?.['fingerprint'],
    );
    return relay;
  }

  /** Every key that it has computed with so far. */
  secrets(): Leaks {
    return readWitness(this.#witness);
  }

  /** The lines of its log with this message. */
  lines(message: string): readonly Readonly<Record<string, string>>[] {
    return this.log
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Readonly<Record<string, string>>)
      .filter(({ msg }) => msg === message);
  }

  /** Its metrics page, by name with labels as it stands there. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await new Promise<string>((resolve, reject) => {
      const asked = get(
        { host: '127.0.0.1', port: this.metricsPort, path: '/metrics', agent: false },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            body += chunk;
          });
          response.on('end', () => resolve(body));
          response.on('error', reject);
        },
      );
      asked.on('error', reject);
    });
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice('allium_relay_'.length, space), Number(line.slice(space + 1))];
      }),
    );
  }

  /** Waits until it knows a consensus with at least this many relays, itself among them, and all of their keys. */
  async waitUntilItKnows(relayCount: number, timeoutMs = 30_000): Promise<void> {
    await until(
      `${this.nickname} knows ${relayCount} relays`,
      async () => {
        const metrics = await this.metrics();
        const isListed = metrics.get('listed') === 1 && metrics.get('microdescriptors_missing') === 0;
        return isListed && (metrics.get('consensus_relays') ?? 0) >= relayCount;
      },
      timeoutMs,
    );
  }
}
