/**
 * Aim: a relay that runs takes over from another configuration what may change and says what needs a restart; a policy is
 * made with the addresses it really has; limits of bandwidth come, change and go, in one thread and in several.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig } from '../../../engine/node/relay/config.ts';
import { RELOADABLE, reloadConfig } from '../../../engine/node/relay/reload.ts';
import type { ToShard } from '../../../engine/node/relay/shards/messages.ts';
import { RateBoard } from '../../../engine/node/relay/shards/rate-board.ts';
import { TrafficGate } from '../../../engine/node/relay/traffic-gate.ts';
import { policyAllowsText } from '../../../engine/onion/directory/policy-check.ts';
import { ManualClock } from './support/manual-clock.ts';
import { thrown } from './support/thrown.ts';

const reload = suite('reading the configuration of a relay again');
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

reload.run();
