/**
 * Aim: `allium onion client`, as people start it, brings programs through three relays of C tor: 50 MB by SOCKS5 with
 * the right checksum, HTTP CONNECT, uploads, look-ups; streams with different credentials go over different circuits;
 * a second start uses what the first one kept; and in its debug log are neither destinations nor credentials nor its
 * guards, nor a part of any key that it computed with.
 *
 * Runs alone.
 */
import { readdirSync, statSync } from 'node:fs';
import { get, request } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { interopSuite } from './support/peers.ts';
import { until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { AlliumClient } from './support/tor/allium-client.ts';
import { fetchThrough } from './support/tor/download.ts';
import { checkContent, type TorNetwork } from './support/tor/network.ts';
import { socksConnect } from './support/tor/socks.ts';
import { startTorNetwork } from './support/tor/start.ts';

const socks = interopSuite('allium onion client in a C tor network', ['tor', 'tor-gencert']);
const DOWNLOAD_BYTES = 50_000_000;
const PASSWORD = 'word-that-isolates-them';
const USERS = ['user-of-one-circuit', 'user-of-another'] as const;

let network: TorNetwork;
let client: AlliumClient;

socks('starts: a private network and a client that knows its authorities', async () => {
  network = await startTorNetwork({ authorities: 3, relays: 1, exits: 3, clients: 0 });
  client = new AlliumClient(network);
  await client.start();
  assert.ok(client.steps().includes('Fetching the consensus'), 'it began with nothing');
});

socks('keeps its state for itself', () => {
  const state = join(client.folder, 'state');
  assert.is(statSync(state).mode & 0o777, 0o700);
  const files = readdirSync(state).filter((name) => name !== 'lock');
  for (const name of ['certificates', 'consensus-microdesc', 'microdescriptors']) {
    assert.ok(files.includes(name), `${name} of ${files.join(', ')}`);
  }
  for (const name of files) assert.is(statSync(join(state, name)).mode & 0o777, 0o600, name);
});

socks('a second start uses what the first one kept', async () => {
  const { guards } = await client.view();
  assert.is(await client.stop(), 0);
  await client.start();
  const steps = client.steps();
  assert.ok(steps.includes('Enough is known to build circuits'));
  assert.not.ok(
    steps.some((step) => step.startsWith('Fetching')),
    steps.join(', '),
  );
  assert.is((await client.view()).guards[0]?.fingerprint, guards[0]?.fingerprint, 'the same guard');
});

socks(
  proves('50 MB by SOCKS5 through three relays', ['onion SOCKS proxy in their network', 'C tor']),
  async () => {
    const fetched = await client.download(DOWNLOAD_BYTES, { timeoutMs: 120_000 });
    const rate = DOWNLOAD_BYTES / 1e6 / (fetched.durationMs / 1000);
    process.stdout.write(`[one stream: ${rate.toFixed(1)} MB/s] `);
    const { circuits } = await client.view();
    for (const { hops, state } of circuits) if (state === 'open') assert.is(hops.length, 3);
  },
);

socks('an upload', async () => {
  const sent = await client.fetch('/sink', { uploadByteLength: 3_000_000 });
  assert.is((JSON.parse(sent.text) as { byteLength: number }).byteLength, 3_000_000);
});

socks('a name is looked up by the exit', async () => {
  const url = `http://some.name.test:${network.origin.port}/bytes/1000`;
  checkContent(await fetchThrough(client.socksPort, url), 1000);
  assert.ok(network.resolver.names.includes('some.name.test'));
});

socks('two users have two circuits, one user one', async () => {
  const open = (user: string): Promise<Socket> =>
    socksConnect(client.socksPort, '127.0.0.1', network.origin.port, { user, password: PASSWORD });
  const sockets = [await open(USERS[0]), await open(USERS[1]), await open(USERS[0])];
  const counts = (await client.view()).circuits
    .map(({ streamCount }) => streamCount)
    .filter((count) => count > 0);
  assert.equal(
    counts.sort((a, b) => a - b),
    [1, 2],
  );
  for (const socket of sockets) socket.destroy();
  await until('the streams are gone', async () => (await client.view()).streams === 0);
});

socks('HTTP CONNECT, with credentials that keep it apart', async () => {
  const socket = await connectBy(client.httpConnectPort, `127.0.0.1:${network.origin.port}`);
  const circuits = (await client.view()).circuits.filter(({ streamCount }) => streamCount > 0);
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
      (await socksConnect(client.socksPort, host, port)).destroy();
      return 'connected';
    } catch (error) {
      return /reply (\d+)/.exec(String(error))?.[1] ?? String(error);
    }
  };
  assert.is(await replyOf('service.onion', 80), '4', 'never asked of an exit');
  assert.not.ok(network.resolver.names.some((name) => name.endsWith('.onion')));
  // Exits of C tor do not tell why they could not connect; its own client answers 1 as well.
  assert.is(await replyOf('127.0.0.1', 1), '1', 'nobody listens there');
  assert.equal((await client.view()).proxy.failures, { 'bad-name': 1, misc: 1 });
});

socks(
  'ends when it is told to, and its log has neither destinations nor credentials nor guards',
  async () => {
    const { guards } = await client.view();
    assert.is(await client.stop(), 0);
    assert.match(client.log, '"msg":"stopped"');
    const secrets = [
      ...['some.name.test', 'service.onion', String(network.origin.port), 'Basic ', 'bWU6cHc='],
      ...[...USERS, PASSWORD],
      ...guards.flatMap(({ fingerprint, nickname }) => [fingerprint, nickname]),
    ];
    for (const secret of secrets) assert.not.match(client.log, secret);
  },
);

socks('has written no part of a key to its debug log', () => {
  const secrets = client.secrets();
  // What agrees on the keys of circuits, the keys of ciphers, and all that hashing made of them.
  for (const kind of ['private', 'agreement', 'cipher', 'hash', 'shake']) {
    const key = secrets.examples.get(kind);
    assert.ok(key, `there are secrets of the kind ${kind}`);
    for (const form of [key.toString('hex'), key.toString('base64'), JSON.stringify([...key])]) {
      const planted = `${client.log}{"level":20,"msg":"x ${form}"}\n`;
      assert.ok(secrets.findIn(planted).length > 0, `${kind} is found where it is planted`);
    }
  }
  assert.equal(secrets.findIn(client.log), []);
});

socks('is over', async () => {
  await network.stop();
});

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
