// Aim: streams share a circuit only when all that is told apart is equal; circuits grow dirty and old; ports of the
// last hour have circuits ready, and no more ports and circuits than allowed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CIRCUIT_AGES,
  type CircuitUse,
  ISOLATION_DEFAULTS,
  isCircuitExpired,
  isolationKey,
  mayShare,
  type StreamOrigin,
} from '../../../engine/onion/path/isolation.ts';
import { PortPrediction, PREDICTION_DEFAULTS } from '../../../engine/onion/path/prediction.ts';

const test = suite('stream isolation');
const ORIGIN: StreamOrigin = {
  listener: 1,
  protocol: 'socks5',
  clientHost: '127.0.0.1',
  user: 'a',
  password: 'b',
  destinationHost: 'example.org',
  destinationPort: 443,
  epoch: 0,
};
const key = (change: Partial<StreamOrigin>, options = ISOLATION_DEFAULTS): string =>
  isolationKey({ ...ORIGIN, ...change }, options);

test('equal origins may share', () => {
  assert.is(key({}), key({}));
  assert.is(key({}), key({ destinationHost: 'other.org', destinationPort: 80 }));
});

test('each thing that is told apart keeps streams apart', () => {
  const changes: readonly Partial<StreamOrigin>[] = [
    { listener: 2 },
    { protocol: 'http-connect' },
    { clientHost: '127.0.0.2' },
    { user: 'x' },
    { password: 'x' },
    { user: undefined },
    { user: '', password: undefined },
    { epoch: 1 },
  ];
  const keys = [key({}), ...changes.map((change) => key(change))];
  assert.is(new Set(keys).size, keys.length);
});

test('user and password cannot be put together differently', () => {
  assert.is.not(key({ user: 'a","b', password: 'c' }), key({ user: 'a', password: 'b","c' }));
});

test('credentials and client addresses are told apart only as configured, destinations too', () => {
  const loose = { ...ISOLATION_DEFAULTS, byCredentials: false, byClientHost: false, byProtocol: false };
  assert.is(key({}, loose), key({ user: 'x', clientHost: '10.0.0.1', protocol: 'http-connect' }, loose));
  const tight = { ...ISOLATION_DEFAULTS, byDestinationHost: true, byDestinationPort: true };
  assert.is.not(key({}, tight), key({ destinationHost: 'other.org' }, tight));
  assert.is.not(key({}, tight), key({ destinationPort: 80 }, tight));
  assert.is(key({}, tight), key({ destinationHost: 'EXAMPLE.org' }, tight));
});

test('a circuit takes streams of its key for ten minutes after the first', () => {
  const clean: CircuitUse = { isolationKey: undefined, dirtySinceMs: undefined, builtMs: 0, streamCount: 0 };
  assert.ok(mayShare(clean, key({}), CIRCUIT_AGES, 3_000_000));
  const used: CircuitUse = { ...clean, isolationKey: key({}), dirtySinceMs: 1000, streamCount: 1 };
  assert.ok(mayShare(used, key({}), CIRCUIT_AGES, 600_999));
  assert.not.ok(mayShare(used, key({}), CIRCUIT_AGES, 601_000));
  assert.not.ok(mayShare(used, key({ user: 'x' }), CIRCUIT_AGES, 2000));
});

test('a circuit without streams is closed when dirty for ten minutes or unused for an hour', () => {
  const clean: CircuitUse = { isolationKey: undefined, dirtySinceMs: undefined, builtMs: 0, streamCount: 0 };
  assert.equal(
    [3_599_999, 3_600_000].map((nowMs) => isCircuitExpired(clean, CIRCUIT_AGES, nowMs)),
    [false, true],
  );
  const used = { ...clean, dirtySinceMs: 0 };
  assert.equal(
    [599_999, 600_000].map((nowMs) => isCircuitExpired(used, CIRCUIT_AGES, nowMs)),
    [false, true],
  );
  assert.not.ok(isCircuitExpired({ ...used, streamCount: 1 }, CIRCUIT_AGES, 9e9));
});

test('circuits are made ready for ports of the last hour, the latest first', () => {
  const prediction = new PortPrediction(PREDICTION_DEFAULTS, 0);
  assert.equal(prediction.wanted([], 1), { port: 443, needStable: false });
  prediction.noteUsed(22, 1_800_000);
  assert.equal(prediction.wanted([], 1_800_001), { port: 22, needStable: true });
  assert.equal(prediction.ports(3_600_000), [22]);
  assert.is(prediction.wanted([], 5_400_000), undefined);
});

test('two circuits are ready for each port, Stable ones where the port needs it, twelve at most', () => {
  const prediction = new PortPrediction(PREDICTION_DEFAULTS, 0);
  prediction.noteUsed(22, 0);
  const web = { isStable: false, allows: (port: number) => port === 443 };
  const ssh = { isStable: true, allows: (port: number) => port === 22 };
  assert.equal(prediction.wanted([web, web, ssh], 1)?.port, 22);
  assert.equal(prediction.wanted([web, ssh, ssh], 1)?.port, 443);
  assert.is(prediction.wanted([web, web, ssh, ssh], 1), undefined);
  assert.is(prediction.wanted([{ ...ssh, isStable: false }, ssh, web, web], 1)?.port, 22);
  assert.is(prediction.wanted(new Array(12).fill(web), 1), undefined);
});

test('64 ports are remembered, the one used longest ago goes', () => {
  const prediction = new PortPrediction(PREDICTION_DEFAULTS, 0);
  for (let port = 1000; port < 1200; port++) prediction.noteUsed(port, 1);
  const ports = prediction.ports(2);
  assert.equal([ports.length, ports[0], ports.at(-1)], [64, 1136, 1199]);
});

test.run();
