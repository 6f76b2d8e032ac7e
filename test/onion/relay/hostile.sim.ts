/**
 * Aim: whatever a client or the next relay sends, in whatever order, costs them their circuit at most: it is counted,
 * nothing throws, others go on, and no memory stays out.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeCreate2 } from '../../../engine/onion/cell/circuit-messages.ts';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { encodeExtend2, linkSpecifiers } from '../../../engine/onion/cell/extend.ts';
import { DESTROY_REASON, END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { encodeResolve } from '../../../engine/onion/cell/resolve-messages.ts';
import { decodeEnd, encodeBegin } from '../../../engine/onion/cell/stream-messages.ts';
import { REJECT_EVERYTHING } from '../../../engine/onion/directory/exit-policy.ts';
import type { RelayFault } from '../../../engine/onion/relay/counters.ts';
import { circuitId } from '../../../engine/onion/units.ts';
import { type Chain, echoServer, openChain } from './support/chain.ts';
import { EvilRelay } from './support/evil-relay.ts';
import type { TestCircuit } from './support/test-circuit.ts';

const test = suite('hostile peers of a relay');
const NOTHING = new Uint8Array(0);

const begin = (host: string, port: number): Uint8Array =>
  encodeBegin({ host, port, ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false });

function faults(chain: Chain, relay: 0 | 1 | 2, fault: RelayFault): number {
  return chain.relays[relay].relay.stats().counters.faults.get(fault) ?? 0;
}

/** The last relay of the chain closes the circuit, and says why in its counters. */
async function closes(chain: Chain, circuit: TestCircuit, fault: RelayFault): Promise<void> {
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(circuit.destroyed, DESTROY_REASON.destroyed, 'passed on by the relays in between');
  assert.is(faults(chain, 2, fault), 1, fault);
  for (const { relay } of chain.relays) assert.is(relay.stats().circuits, 0, 'gone everywhere');
  await chain.close();
}

async function refused(promise: Promise<void>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: Error) => reason,
  );
  assert.match(error?.message ?? 'it went well', /^circuit destroyed/);
}

type Attack = (circuit: TestCircuit) => void;

const FATAL: readonly (readonly [string, RelayFault, Attack])[] = [
  [
    'a tampered cell',
    'unrecognised',
    (circuit) =>
      circuit.send(RELAY.drop, 0, NOTHING, {
        tamper: (cell) => {
          cell[100]! ^= 1;
        },
      }),
  ],
  ['a length beyond the cell', 'bad-relay-cell', (circuit) => circuit.sendLong(RELAY.data, 1, 499)],
  ['BEGIN on stream 0', 'bad-message', (circuit) => circuit.send(RELAY.begin, 0, begin('10.0.0.9', 80))],
  ['a SENDME for nothing', 'sendme-unexpected', (circuit) => circuit.send(RELAY.sendme, 0, sendme(20))],
  [
    'a SENDME that ends early',
    'bad-message',
    (circuit) => circuit.send(RELAY.sendme, 0, Uint8Array.of(1, 0)),
  ],
  [
    'XOFF without congestion control',
    'unexpected-message',
    (circuit) => circuit.send(RELAY.xoff, 1, NOTHING),
  ],
  [
    'EXTEND2 that is empty',
    'bad-extend',
    (circuit) => circuit.send(RELAY.extend2, 0, NOTHING, { early: true }),
  ],
];

function sendme(length: number): Uint8Array {
  const data = new Uint8Array(3 + length);
  data.set([1, 0, length]);
  return data;
}

for (const [name, fault, attack] of FATAL) {
  test(`${name} closes the circuit`, async () => {
    const chain = await openChain();
    const circuit = await chain.circuit();
    attack(circuit);
    await closes(chain, circuit, fault);
  });
}

test('a SENDME with the wrong digest closes the circuit', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.answersSendmes = false;
  circuit.send(RELAY.beginDir, 3, NOTHING);
  circuit.send(RELAY.data, 3, new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'));
  let cells = 0;
  circuit.onData = () => {
    cells += 1;
  };
  await chain.until('a stream window', () => cells === 500);
  circuit.send(RELAY.sendme, 0, sendme(20));
  await closes(chain, circuit, 'sendme-tag-wrong');
});

test('a SENDME for more than a stream window closes the circuit', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.send(RELAY.beginDir, 3, NOTHING);
  await circuit.next(RELAY.connected, 3);
  circuit.send(RELAY.sendme, 3, NOTHING);
  await closes(chain, circuit, 'sendme-window-full');
});

test('a ninth RELAY_EARLY cell closes the circuit', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  // Two were needed to extend; the first relay counts.
  for (let i = 0; i < 7; i += 1) circuit.send(RELAY.drop, 0, NOTHING, { early: true });
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(circuit.destroyed, DESTROY_REASON.protocol);
  assert.is(faults(chain, 0, 'relay-early-too-many'), 1);
  await chain.close();
});

test('messages for streams that are not there harm nobody', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.send(RELAY.data, 99, Uint8Array.of(1, 2, 3));
  circuit.send(RELAY.end, 99, NOTHING);
  circuit.send(RELAY.sendme, 99, NOTHING);
  circuit.send(RELAY.connected, 99, NOTHING);
  circuit.send(RELAY.extended2, 0, NOTHING);
  circuit.send(RELAY.beginDir, 4, NOTHING);
  await circuit.next(RELAY.connected, 4);
  circuit.send(RELAY.beginDir, 4, NOTHING);
  circuit.send(RELAY.end, 4, NOTHING);
  circuit.send(RELAY.resolve, 6, NOTHING);
  await circuit.next(RELAY.resolved, 6);
  assert.is(faults(chain, 2, 'unknown-stream'), 2);
  assert.is(faults(chain, 2, 'stream-in-use'), 1);
  assert.is(faults(chain, 2, 'unexpected-message'), 2);
  assert.is(chain.relays[2].relay.stats().streams, 0);
  await chain.close();
});

test('a BEGIN that is rubbish, or that the policy refuses, ends its stream', async () => {
  const chain = await openChain({ relay: { exitPolicy: REJECT_EVERYTHING } });
  const circuit = await chain.circuit();
  const ends = async (stream: number, data: Uint8Array): Promise<number> => {
    circuit.send(RELAY.begin, stream, data);
    return decodeEnd((await circuit.next(RELAY.end, stream)).data).reason;
  };
  assert.is(await ends(1, NOTHING), END_REASON.protocol);
  assert.is(await ends(2, begin('10.0.0.9', 80)), END_REASON.exitPolicy);
  assert.is(await ends(3, begin('echo.test', 80)), END_REASON.exitPolicy);
  await chain.close();
});

test('a relay that is no exit looks no names up', async () => {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return [];
  };
  const modules = { resolver: { addresses: ask, names: ask } };
  const chain = await openChain({ relay: { exitPolicy: REJECT_EVERYTHING }, modules });
  const circuit = await chain.circuit();
  for (const [index, name] of ['echo.test', '9.0.0.10.in-addr.arpa'].entries()) {
    circuit.send(RELAY.resolve, index + 1, encodeResolve(name));
    assert.is((await circuit.next(RELAY.resolved, index + 1)).data[0], 0xf1);
  }
  assert.is(asked, 0);
  await chain.close();
});

test('circuits do not go into private networks by default', async () => {
  const strict = await openChain({ relay: { allowPrivateAddresses: false } });
  const short = strict.client.circuit();
  await short.create(strict.relays[0].place);
  await refused(short.extend(strict.relays[1].place));
  assert.is(faults(strict, 0, 'bad-extend'), 1);
  await strict.close();
});

test('a client alone may not use an exit', async () => {
  const chain = await openChain();
  const circuit = chain.client.circuit();
  await circuit.create(chain.relays[0].place);
  circuit.send(RELAY.begin, 1, begin('10.0.0.9', 80));
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(faults(chain, 0, 'single-hop-exit'), 1);
  await chain.close();
});

test('a circuit does not go to its own relay, back, to nobody, or without RELAY_EARLY', async () => {
  for (const kind of ['self', 'back', 'no rsa', 'zero', 'late'] as const) {
    const chain = await openChain();
    const circuit = chain.client.circuit();
    await circuit.create(chain.relays[0].place);
    await circuit.extend(chain.relays[1].place);
    const place = chain.relays[kind === 'self' ? 1 : kind === 'back' ? 0 : 2].place;
    const specifiers = linkSpecifiers({
      ipv4: place.endpoint,
      ipv6: undefined,
      rsaId: kind === 'no rsa' ? undefined : kind === 'zero' ? new Uint8Array(20) : place.fingerprint,
      ed25519Id: place.ed25519Id,
    });
    const data = encodeExtend2({ specifiers, create: { type: 2, data: new Uint8Array(84) } });
    circuit.send(RELAY.extend2, 0, data, { early: kind !== 'late' });
    await chain.until(`DESTROY for ${kind}`, () => circuit.destroyed !== undefined);
    assert.is(faults(chain, 1, 'bad-extend'), 1, kind);
    await chain.close();
  }
});

test('CREATE cells that are wrong make no circuits', async () => {
  const chain = await openChain();
  const { channel } = chain.client;
  const good = chain.client.circuit();
  await good.createFast();
  channel.sendControl(circuitId(5), CELL.createFast, new Uint8Array(20));
  channel.sendControl(good.id, CELL.createFast, new Uint8Array(20));
  channel.sendControl(circuitId(0x80000077), CELL.create2, encodeCreate2({ type: 0, data: NOTHING }));
  channel.sendControl(circuitId(0x80000078), CELL.created2, NOTHING);
  const bad = chain.client.circuit();
  channel.sendControl(bad.id, CELL.create2, encodeCreate2({ type: 2, data: new Uint8Array(84) }));
  await chain.until('DESTROY', () => bad.destroyed !== undefined);
  assert.is(bad.destroyed, DESTROY_REASON.protocol);
  assert.is(faults(chain, 0, 'bad-circuit-id'), 1);
  assert.is(faults(chain, 0, 'circuit-in-use'), 1);
  assert.is(faults(chain, 0, 'unexpected-created'), 1);
  assert.is(faults(chain, 0, 'bad-create'), 2);
  assert.is(chain.relays[0].relay.stats().circuits, 1);
  await chain.close();
});

test('relay cells on no circuit, and DESTROY for none, are dropped', async () => {
  const chain = await openChain();
  chain.client.channel.sendControl(circuitId(0x80000099), CELL.relay, NOTHING);
  chain.client.channel.sendControl(circuitId(0x80000099), CELL.destroy, NOTHING);
  await chain.until('it is counted', () => faults(chain, 0, 'unknown-circuit') === 1);
  await chain.close();
});

async function withEvil(): Promise<{ chain: Chain; evil: EvilRelay; circuit: TestCircuit }> {
  const chain = await openChain();
  const evil = new EvilRelay(chain.outside);
  await evil.start('10.0.0.9');
  const circuit = chain.client.circuit();
  await circuit.create(chain.relays[0].place);
  await circuit.extend(evil.place);
  return { chain, evil, circuit };
}

test('RELAY_EARLY backwards closes the circuit, to both sides', async () => {
  const { chain, evil, circuit } = await withEvil();
  evil.say(CELL.relayEarly);
  await chain.until('DESTROY', () => circuit.destroyed !== undefined && evil.controls.length > 1);
  assert.is(circuit.destroyed, DESTROY_REASON.protocol);
  assert.equal(evil.controls, [CELL.create2, -DESTROY_REASON.protocol]);
  assert.is(faults(chain, 0, 'relay-early-backward'), 1);
  evil.channel?.destroy('done');
  await chain.close();
});

test('DESTROY goes on as “destroyed” in both directions, and may be empty', async () => {
  const { chain, evil, circuit } = await withEvil();
  evil.say(CELL.destroy, NOTHING);
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(circuit.destroyed, DESTROY_REASON.destroyed);
  const other = chain.client.circuit();
  await other.create(chain.relays[0].place);
  await other.extend(evil.place);
  chain.client.channel.sendControl(other.id, CELL.destroy, Uint8Array.of(DESTROY_REASON.none));
  await chain.until('it arrives', () => evil.controls.length === 3);
  assert.is(evil.controls[2], -DESTROY_REASON.destroyed);
  evil.channel?.destroy('done');
  await chain.close();
});

test('CREATED2 twice closes the circuit', async () => {
  const { chain, evil, circuit } = await withEvil();
  evil.say(CELL.created2);
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(faults(chain, 0, 'unexpected-created'), 1);
  evil.channel?.destroy('done');
  await chain.close();
});

test('a link that dies takes its circuits with it, and only those', async () => {
  const { chain, evil, circuit } = await withEvil();
  const other = await chain.circuit();
  evil.channel!.destroy('gone');
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  assert.is(circuit.destroyed, DESTROY_REASON.channelClosed);
  const echo = await echoServer(chain);
  other.send(RELAY.begin, 7, begin(echo.host, echo.port));
  await other.next(RELAY.connected, 7);
  await chain.close();
});

test('a relay that is not who it should be, or is not there, is not extended to', async () => {
  const chain = await openChain();
  const [first, second, third] = chain.relays;
  for (const [place, reason] of [
    [{ ...second.place, ed25519Id: third.place.ed25519Id }, DESTROY_REASON.orIdentity],
    [{ ...third.place, endpoint: { host: '10.0.0.3', port: 9 } }, DESTROY_REASON.connectFailed],
  ] as const) {
    const circuit = chain.client.circuit();
    await circuit.create(first.place);
    await refused(circuit.extend(place));
    assert.is(circuit.destroyed, reason);
  }
  await chain.close();
});

test.run();
