/**
 * Aim: a relay that runs takes over from another configuration what may change and says what needs a restart; a policy is
 * made with the addresses it really has; limits of bandwidth come, change and go, in one thread and in several; an exit
 * that runs obeys its new policy with the next stream of a circuit, and streams that are open stay so.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig } from '../../../engine/node/relay/config.ts';
import { openIdentity } from '../../../engine/node/relay/identity-keys.ts';
import { KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { OnionKeyStore } from '../../../engine/node/relay/onion-keys.ts';
import { RelayDaemon } from '../../../engine/node/relay/relay-daemon.ts';
import { RELOADABLE, reloadConfig } from '../../../engine/node/relay/reload.ts';
import type { ToShard } from '../../../engine/node/relay/shards/messages.ts';
import { RateBoard } from '../../../engine/node/relay/shards/rate-board.ts';
import { TrafficGate } from '../../../engine/node/relay/traffic-gate.ts';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { decodeEnd, encodeBegin } from '../../../engine/onion/cell/stream-messages.ts';
import { policyAllowsText } from '../../../engine/onion/directory/policy-check.ts';
import { TestClient } from '../../onion/relay/support/test-client.ts';
import { makeMemory, type RelayPlace, startRelay } from '../../onion/relay/support/test-network.ts';
import { runtime, until } from './shards/support/shard-kit.ts';
import { keptLog } from './support/log.ts';
import { ManualClock } from './support/manual-clock.ts';
import { relayFolder } from './support/relay-folder.ts';
import { thrown } from './support/thrown.ts';

const reload = suite('reading the configuration of a relay again');
// Nothing of the runtime keeps a process alive.
const alive = setInterval(() => {}, 1000);
reload.after(() => clearInterval(alive));
const FILE = '/etc/allium/relay.json';
const SMALL = {
  nickname: 'MyRelay',
  address: '203.0.113.5',
  orPort: 9001,
  authorities: [`dir1 orport=9001 v3ident=${'A'.repeat(40)} 203.0.113.9:9030 ${'B'.repeat(40)}`],
  dataDir: 'data',
};
const read = (more: object = {}) => checkRelayConfig({ ...SMALL, ...more }, FILE);

reload('takes over what may change, each of it', () => {
  const fresh = read({
    contact: 'somebody',
    family: ['C'.repeat(40)],
    exitPolicy: ['accept *:443'],
    bandwidthRate: '1MiB',
    bandwidthBurst: '3MiB',
    heartbeatHours: 1,
    shutdownWait: 5,
  });
  const { config, changed, needRestart } = reloadConfig(read(), fresh, FILE);
  assert.equal([...changed].sort(), [...RELOADABLE].sort(), 'every key of the list is tried here');
  assert.equal(needRestart, []);
  assert.equal(config.words, fresh.words);
  assert.is(config.isExit, true);
  assert.is(policyAllowsText(config.exitPolicy, '198.51.100.1', 443), true);
  assert.equal(config.rate, { bytesPerSec: 2 ** 20, burstBytes: 3 * 2 ** 20 });
  const back = reloadConfig(config, read(), FILE).config;
  assert.equal(back, read(), 'and all the way back');
});

reload('names what needs a restart and goes on with what it has', () => {
  const old = read({ exitPolicy: ['accept *:*'] });
  const fresh = read({ exitPolicy: ['accept *:80'], address: '203.0.113.77', orPort: 443, shards: 2 });
  const { config, changed, needRestart } = reloadConfig(old, fresh, FILE);
  assert.equal(changed, ['exitPolicy']);
  assert.equal([...needRestart].sort(), ['address', 'orPort', 'shards']);
  assert.is(config.words.orPort, 9001);
  assert.is(policyAllowsText(config.exitPolicy, '203.0.113.5', 80), false, 'its own address is the old one');
  assert.equal(reloadConfig(old, old, FILE).changed, []);
});

reload('what does not go together is refused as a whole', () => {
  const old = read({ bandwidthRate: '1MiB', bandwidthBurst: '1MiB' });
  // Both files are right, each by itself, and the new one as well.
  const error = thrown(() => reloadConfig(old, { ...old, words: { ...old.words, bandwidthRate: 1 } }, FILE));
  assert.is(error.code, 'BAD_USAGE');
  assert.match(error.message, 'bandwidthRate');
});

reload('a limit comes, holds, changes and goes', () => {
  const clock = new ManualClock();
  const gate = new TrafficGate({ rate: undefined }, { clock });
  const held: string[] = [];
  const stream = {
    sendOne: (): boolean => {
      held.push('sent');
      gate.countSent(1000);
      return false;
    },
    goOn: (): void => void held.push('read'),
  };
  assert.is(gate.maySend(1e9), true);
  gate.setRate({ bytesPerSec: 1000, burstBytes: 1000 });
  assert.is(gate.countReceived(5000), false, 'it holds');
  assert.is(gate.maySend(5000), true);
  assert.is(gate.maySend(1), false);
  gate.waitToSend(stream);
  gate.waitToReceive(stream);
  assert.equal(held, []);
  gate.setRate(undefined);
  assert.equal(held.sort(), ['read', 'sent'], 'nobody waits for a limit that is gone');
  assert.is(gate.maySend(1e9) && gate.countReceived(1e9), true);
});

reload('several threads share the new limit at once', () => {
  const gate = new TrafficGate({ rate: undefined }, { clock: new ManualClock() });
  const board = new RateBoard(undefined, { gate });
  const told: ToShard[] = [];
  const taker = { report: undefined, post: (message: ToShard): void => void told.push(message) };
  board.setRate({ bytesPerSec: 3000, burstBytes: 6000 }, [taker, taker]);
  const rate = { bytesPerSec: 1000, burstBytes: 2000 };
  assert.equal(told.splice(0), [
    { kind: 'rate', rate },
    { kind: 'rate', rate },
  ]);
  assert.is(gate.countReceived(2001), false, 'the main thread has its part');
  assert.equal(board.equalShare(2), rate, 'as has one that starts later');
  board.setRate(undefined, [taker]);
  assert.equal(told, [{ kind: 'rate', rate: undefined }]);
});

/** Takes connections on a port that is free. */
async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => void socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

function placeOf(dataDir: string, port: number): RelayPlace {
  const nowMs = Date.now();
  const folder = KeyFolder.open(join(dataDir, 'keys'));
  const identity = openIdentity(folder, { offlineMaster: false, signingLifetimeMs: 1, nowMs });
  const { fingerprint, ed25519Id } = identity;
  const onionKey = OnionKeyStore.open(folder, nowMs).keys.current.ntorPublicKey;
  return { endpoint: { host: '127.0.0.1', port }, fingerprint, ed25519Id, onionKey };
}

const FLAGS = { ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false };
const OPEN = ['accept 127.0.0.1:*', 'reject *:*'];

for (const shards of [1, 2]) {
  reload(`${shards} thread(s): the next stream through an exit obeys the policy read last`, async () => {
    const { server, port } = await listen();
    const free = await listen();
    free.server.close();
    const dataDir = join(relayFolder(), 'data');
    const words = {
      ...{ ...SMALL, dataDir, shards, orPort: free.port, address: '127.0.0.1', listenAddress: '127.0.0.1' },
      ...{ memory: '64MiB', maxCircuits: 64, shutdownWait: 0, allowPrivateAddresses: true },
      authorities: [`none v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`],
    };
    const config = (exitPolicy: readonly string[]) => checkRelayConfig({ ...words, exitPolicy }, FILE);
    const daemon = await RelayDaemon.start(config(OPEN), keptLog());
    const guard = await startRelay(runtime, '127.0.0.1');
    const client = new TestClient(guard.place, { runtime, ...makeMemory(260), until });
    try {
      await client.open();
      const circuit = client.circuit();
      await circuit.create(guard.place);
      await circuit.extend(placeOf(dataDir, free.port));
      const answers = (stream: number) => circuit.received.filter((one) => one.stream === stream);
      let stream = 0;
      const next = async (): Promise<number | 'connected'> => {
        stream += 1;
        circuit.send(RELAY.begin, stream, encodeBegin({ host: '127.0.0.1', port, ...FLAGS }));
        await until('an answer', () => answers(stream).length > 0);
        const [{ command, data }] = answers(stream) as [(typeof circuit.received)[0]];
        return command === RELAY.connected ? 'connected' : decodeEnd(data).reason;
      };
      /** The first that is answered in another way than the one before; with one thread it is the very next. */
      const changed = async (before: number | 'connected'): Promise<number | 'connected'> => {
        let answer = await next();
        for (let i = 1; shards > 1 && answer === before && i < 200; i += 1) answer = await next();
        return answer;
      };
      assert.is(await next(), 'connected');
      daemon.reconfigure(config([`reject 127.0.0.1:${port}`, ...OPEN]), FILE);
      assert.is(await changed('connected'), END_REASON.exitPolicy);
      assert.is(await next(), END_REASON.exitPolicy);
      assert.is(answers(1).length, 1, 'the stream that was open still is');
      daemon.reconfigure(config(OPEN), FILE);
      assert.is(await changed(END_REASON.exitPolicy), 'connected');
    } finally {
      client.channel.destroy('done');
      await guard.relay.stop();
      await daemon.close();
      server.close();
    }
  });
}

reload.run();
