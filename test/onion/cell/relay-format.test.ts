// Aim: both layouts of relay cells are read and written in place, their lengths are bounded, and in the newer one
// only the commands that need it have a stream number.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import type { RelayHeader } from '../../../engine/onion/cell/relay-format.ts';
import { RELAY_V0 } from '../../../engine/onion/cell/relay-v0.ts';
import { RELAY_V1 } from '../../../engine/onion/cell/relay-v1.ts';
import { streamId } from '../../../engine/onion/units.ts';
import { toHex } from '../crypto/support.ts';

const test = suite('relay formats');
const header = (): RelayHeader => ({ command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 });
const AT = 37;
const body = (fill = 0xee): Uint8Array => new Uint8Array(AT + 509 + 11).fill(fill);

test('v0: command, zeros, stream, no digest yet, length, data, zeros', () => {
  const bytes = body();
  const at = RELAY_V0.write(bytes, AT, RELAY.data, streamId(0x1234), 498);
  assert.is(at, AT + 11);
  assert.is(toHex(bytes.subarray(AT, at)), '0200001234' + '00000000' + '01f2');
  assert.is(RELAY_V0.padAt(bytes, AT, at, 498), AT + 509, 'no room for padding');
  assert.is(bytes[AT - 1]! + bytes[AT + 509]!, 2 * 0xee, 'nothing outside is touched');
  assert.is(RELAY_V0.padAt(bytes, AT, at, 10), at + 14);
  assert.is(toHex(bytes.subarray(at + 9, at + 15)), 'ee00000000ee');
  const into = header();
  assert.is(RELAY_V0.read(bytes, AT, into), undefined);
  assert.equal(into, { command: RELAY.data, streamId: 0x1234, dataAt: at, dataLength: 498 });
  bytes[AT + 10] = 0xf3;
  assert.is(RELAY_V0.read(bytes, AT, into), 'bad-length');
  assert.is(RELAY_V0.dataBytesMax(RELAY.data), 498);
  bytes[AT] = 200;
  bytes[AT + 10] = 1;
  assert.is(RELAY_V0.read(bytes, AT, into), undefined, 'an unknown command is the circuit’s business');
});

test('v1: tag, command, length, stream where there is one', () => {
  for (const [command, withStream] of [
    [RELAY.data, true],
    [RELAY.begin, true],
    [RELAY.beginDir, true],
    [RELAY.connected, true],
    [RELAY.end, true],
    [RELAY.resolve, true],
    [RELAY.resolved, true],
    [RELAY.xon, true],
    [RELAY.xoff, true],
    [RELAY.sendme, false],
    [RELAY.extend2, false],
    [RELAY.drop, false],
    [RELAY.introduce1, false],
    [RELAY.paddingNegotiate, false],
    [RELAY.confluxLink, false],
  ] as const) {
    const bytes = body();
    const dataMax = withStream ? 488 : 490;
    assert.is(RELAY_V1.dataBytesMax(command), dataMax);
    const stream = streamId(withStream ? 0xabcd : 0);
    const at = RELAY_V1.write(bytes, AT, command, stream, dataMax);
    assert.is(at + dataMax, AT + 509);
    assert.is(toHex(bytes.subarray(AT, AT + 16)), '00'.repeat(16));
    const into = header();
    assert.is(RELAY_V1.read(bytes, AT, into), undefined);
    assert.equal(into, { command, streamId: stream, dataAt: at, dataLength: dataMax });
    bytes[AT + 18]!++;
    assert.is(RELAY_V1.read(bytes, AT, into), 'bad-length');
  }
});

test('v1: an unknown command, or stream 0 where there must be one, ends the circuit', () => {
  const bytes = body();
  const into = header();
  for (const command of [0, 6, 7, 16, 45, 255]) {
    RELAY_V1.write(bytes, AT, command, streamId(0), 5);
    assert.is(RELAY_V1.read(bytes, AT, into), 'unknown-command', String(command));
  }
  RELAY_V1.write(bytes, AT, RELAY.data, streamId(0), 5);
  assert.is(RELAY_V1.read(bytes, AT, into), 'bad-value');
});

test.run();
