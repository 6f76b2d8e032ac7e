/**
 * Aim: an authority without DirPort is asked over a circuit of one hop to its OR port, for documents and uploads alike,
 * over IPv4 or IPv6; one that is not who it should be, or not there, costs an answer and nothing else.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AuthorityCircuits } from '../../../engine/node/relay/authority-circuits.ts';
import { checkRelayConfig } from '../../../engine/node/relay/config.ts';
import { RelayDaemon } from '../../../engine/node/relay/relay-daemon.ts';
import { AUTHORITIES_MAX, parseDirAuthority } from '../../../engine/onion/directory/dir-authority.ts';
import { runtime } from './shards/support/shard-kit.ts';
import { keptLog } from './support/log.ts';
import { relayFolder } from './support/relay-folder.ts';

const test = suite('authorities without DirPort');
// Nothing of the runtime keeps a process alive.
const alive = setInterval(() => {}, 1000);

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function authority(line: string) {
  const parsed = parseDirAuthority(line);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

let daemon: RelayDaemon;
let orPort = 0;
let orPortIpv6 = 0;
const circuits = new AuthorityCircuits({ timeoutMs: 5_000, bodyBytesMax: 1 << 20 }, { runtime });
const GET = { method: 'GET', path: '/tor/status-vote/current/consensus' } as const;

test('starts', async () => {
  [orPort, orPortIpv6] = [await freePort('127.0.0.1'), await freePort('::1')];
  const words = {
    ...{ nickname: 'Answers', address: '127.0.0.1', listenAddress: '127.0.0.1', orPort, orPortIpv6 },
    ...{ addressIpv6: '::1', dataDir: join(relayFolder(), 'data'), memory: '32MiB', maxCircuits: 64 },
    ...{ shutdownWait: 0, allowPrivateAddresses: true },
    authorities: [`none v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`],
  };
  daemon = await RelayDaemon.start(checkRelayConfig(words, '/etc/relay.json'), keptLog());
});

test.after(async () => {
  clearInterval(alive);
  circuits.close();
  await daemon.close();
});

test('documents and uploads go over its OR port', async () => {
  const place = authority(`a orport=${orPort} 127.0.0.1:0 ${daemon.fingerprint}`);
  assert.is(place.dirPort, 0);
  const answers = await Promise.all([
    circuits.ask(place, GET),
    circuits.ask(place, { method: 'POST', path: '/tor/', body: new Uint8Array(1000) }),
  ]);
  // It has no consensus to give and takes no descriptors, and says so itself.
  assert.equal(
    answers.map((answer) => answer.ok && answer.value.status),
    [404, 400],
  );
});

test('over IPv6 where that is all it has', async () => {
  const answer = await circuits.ask(
    authority(`a ipv6=[::1]:${orPortIpv6} 127.0.0.1:0 ${daemon.fingerprint}`),
    GET,
  );
  assert.is(answer.ok && answer.value.status, 404);
});

test('one with another identity is told nothing', async () => {
  const answer = await circuits.ask(authority(`a orport=${orPort} 127.0.0.1:0 ${'C'.repeat(40)}`), GET);
  assert.is(answer.ok, false);
  assert.match(answer.ok ? '' : answer.reason, `127.0.0.1 port ${orPort}: `);
});

test('there is room for as many as a configuration may name, all at once', async () => {
  circuits.close(); // those of the tests before count too
  const all = Array.from({ length: AUTHORITIES_MAX }, (_, i) =>
    authority(`a orport=${orPort} 127.0.0.1:0 ${`${i}`.padStart(40, '0')}`),
  );
  const answers = await Promise.all(all.map((one) => circuits.ask(one, GET)));
  const reasons = new Set(answers.map((answer) => (answer.ok ? 'answered' : answer.reason)));
  assert.equal(
    [...reasons].map((reason) => reason.replace(/^.*?: /, '')),
    ['channel: wrong-identity'],
  );
});

test('nobody there, and no port at all', async () => {
  const gone = await circuits.ask(
    authority(`a orport=${await freePort('127.0.0.1')} 127.0.0.1:0 ${daemon.fingerprint}`),
    GET,
  );
  assert.is(gone.ok, false);
  const none = await circuits.ask(authority(`a 127.0.0.1:0 ${daemon.fingerprint}`), GET);
  assert.match(none.ok ? '' : none.reason, 'neither DirPort nor ORPort');
});

test.run();
