/**
 * Aim: `allium onion client`, as people start it, brings programs through three relays of C tor: 50 MB by SOCKS5 with
 * the right checksum, HTTP CONNECT, uploads, look-ups; streams with different credentials go over different circuits;
 * a second start uses what the first one kept; and neither destinations nor credentials are in its log.
 *
 * Runs alone.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import type { OnionView } from '../../engine/node/onion/view.ts';
import { interopSuite } from './support/peers.ts';
import { RunningProgram, scratchFolder, until } from './support/program.ts';
import { fetchThrough } from './support/tor/download.ts';
import { checkContent, type TorNetwork } from './support/tor/network.ts';
import { socksConnect } from './support/tor/socks.ts';
import { startTorNetwork } from './support/tor/start.ts';

const socks = interopSuite('allium onion client in a C tor network', ['tor', 'tor-gencert']);
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const DOWNLOAD_BYTES = 50_000_000;
const USERS = ['user-of-one-circuit', 'user-of-another'] as const;

interface Doors {
  readonly socks: string;
  readonly httpConnect: string;
  readonly status: string;
}

let network: TorNetwork;
let folder: string;
let client: RunningProgram;
let doors: Doors;
let socksPort: number;
/** What all clients have logged. */
let logs = '';

/** Starts the client and waits until it says where it listens. */
async function startClient(): Promise<void> {
  client = new RunningProgram(process.execPath, [
    MAIN,
    'onion',
    'client',
    '--json',
    '--config',
    join(folder, 'client.json'),
  ]);
  doors = await until('the client is ready', () => {
    if (!client.running) throw new Error(`the client has ended: ${client.stderr}`);
    return client.stdout.trimEnd().endsWith('}') && (JSON.parse(client.stdout) as Doors);
  });
  socksPort = portOf(doors.socks);
}

async function stopClient(): Promise<number | null> {
  const code = await client.stop();
  logs += client.stderr;
  return code;
}

socks('starts: a private network and a client that knows its authorities', async () => {
  network = await startTorNetwork({ authorities: 3, relays: 1, exits: 3, clients: 0 });
  folder = scratchFolder();
  writeFileSync(
    join(folder, 'client.json'),
    JSON.stringify({
      authorities: network.dirAuthorityLines(),
      ...{ dataDir: 'state', testNetwork: true, log: 'debug' },
      ...{ socks: '127.0.0.1:0', httpConnect: '127.0.0.1:0', status: '127.0.0.1:0' },
    }),
  );
  await startClient();
  assert.ok(stepsOf(client).includes('Fetching the consensus'), 'it began with nothing');
});

socks('keeps its state for itself', () => {
  const state = join(folder, 'state');
  assert.is(statSync(state).mode & 0o777, 0o700);
  const files = readdirSync(state).filter((name) => name !== 'lock');
  for (const name of ['certificates', 'consensus-microdesc', 'microdescriptors']) {
    assert.ok(files.includes(name), `${name} of ${files.join(', ')}`);
  }
  for (const name of files) assert.is(statSync(join(state, name)).mode & 0o777, 0o600, name);
});

socks('a second start uses what the first one kept', async () => {
  const { guards } = await view();
  assert.is(await stopClient(), 0);
  await startClient();
  const steps = stepsOf(client);
  assert.ok(steps.includes('Enough is known to build circuits'));
  assert.not.ok(
    steps.some((step) => step.startsWith('Fetching')),
    steps.join(', '),
  );
  assert.is((await view()).guards[0]?.fingerprint, guards[0]?.fingerprint, 'the same guard');
});

socks('50 MB by SOCKS5 through three relays', async () => {
  const fetched = await fetchThrough(socksPort, `${network.origin.url}/bytes/${DOWNLOAD_BYTES}`, {
    timeoutMs: 120_000,
  });
  checkContent(fetched, DOWNLOAD_BYTES);
  const rate = DOWNLOAD_BYTES / 1e6 / (fetched.durationMs / 1000);
  process.stdout.write(`[one stream: ${rate.toFixed(1)} MB/s] `);
  const { circuits } = await view();
  for (const { hops, state } of circuits) if (state === 'open') assert.is(hops.length, 3);
});

socks('an upload', async () => {
  const sent = await fetchThrough(socksPort, `${network.origin.url}/sink`, { uploadByteLength: 3_000_000 });
  assert.is((JSON.parse(sent.text) as { byteLength: number }).byteLength, 3_000_000);
});

socks('a name is looked up by the exit', async () => {
  const url = `http://some.name.test:${network.origin.port}/bytes/1000`;
  checkContent(await fetchThrough(socksPort, url), 1000);
  assert.ok(network.resolver.names.includes('some.name.test'));
});

socks('two users have two circuits, one user one', async () => {
  const open = (user: string): Promise<Socket> =>
    socksConnect(socksPort, '127.0.0.1', network.origin.port, { user });
  const sockets = [await open(USERS[0]), await open(USERS[1]), await open(USERS[0])];
  const counts = (await view()).circuits.map(({ streamCount }) => streamCount).filter((count) => count > 0);
  assert.equal(
    counts.sort((a, b) => a - b),
    [1, 2],
  );
  for (const socket of sockets) socket.destroy();
  await until('the streams are gone', async () => (await view()).streams === 0);
});

socks('HTTP CONNECT, with credentials that keep it apart', async () => {
  const socket = await connectBy(portOf(doors.httpConnect), `127.0.0.1:${network.origin.port}`);
  const circuits = (await view()).circuits.filter(({ streamCount }) => streamCount > 0);
  assert.is(circuits.length, 1);
  const body = await new Promise<string>((resolve, reject) => {
    const asked = get({ createConnection: () => socket, path: '/bytes/10000' }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
  });
  assert.is(body.length, 10_000);
});

socks('what cannot be reached is refused with the reply that says so', async () => {
  const replyOf = async (host: string, port: number): Promise<string> => {
    try {
      (await socksConnect(socksPort, host, port)).destroy();
      return 'connected';
    } catch (error) {
      return /reply (\d+)/.exec(String(error))?.[1] ?? String(error);
    }
  };
  assert.is(await replyOf('service.onion', 80), '4', 'never asked of an exit');
  assert.not.ok(network.resolver.names.some((name) => name.endsWith('.onion')));
  // Exits of C tor do not tell why they could not connect; its own client answers 1 as well.
  assert.is(await replyOf('127.0.0.1', 1), '1', 'nobody listens there');
  assert.equal((await view()).proxy.failures, { 'bad-name': 1, misc: 1 });
});

socks('ends when it is told to, and its log has neither destinations nor credentials', async () => {
  assert.is(await stopClient(), 0);
  assert.match(logs, '"msg":"stopped"');
  const secrets = [
    'some.name.test',
    'service.onion',
    String(network.origin.port),
    ...USERS,
    'Basic ',
    'bWU6cHc=',
  ];
  for (const secret of secrets) assert.not.match(logs, secret);
  await network.stop();
});

function stepsOf(program: RunningProgram): readonly string[] {
  return program.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => (JSON.parse(line) as { readonly step?: string }).step ?? []);
}

function portOf(place: string): number {
  return Number(place.split(':').at(-1));
}

async function view(): Promise<OnionView> {
  return new Promise((resolve, reject) => {
    const asked = get(doors.status, { agent: false, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as OnionView));
    });
    asked.on('error', reject);
  });
}

function connectBy(port: number, target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: '127.0.0.1', port, method: 'CONNECT', path: target, agent: false },
      headers: { 'Proxy-Authorization': 'Basic bWU6cHc=' },
    });
    asked.on('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(new Error(`HTTP CONNECT: ${response.statusCode}`));
    });
    asked.on('error', reject);
    asked.end();
  });
}

socks.run();
