import * as assert from 'uvu/assert';
import type { ByteStream, Endpoint, Listener } from '../../../engine/runtime/port.ts';
import { TEST_IDENTITIES } from '../support/tls-identity.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';
import type { TestWorld } from './world.ts';

/** Two ends of one connection. */
export interface Pair {
  readonly caller: Recorder;
  readonly callee: Recorder;
  readonly listener: Listener;
  readonly at: Endpoint;
}

export interface PairOptions {
  readonly caller?: RecorderOptions;
  readonly callee?: RecorderOptions;
  readonly timeoutMs?: number;
}

/** Listens on `right` and connects from `left`; both are open when it is done. */
export async function connectPair(world: TestWorld, options: PairOptions = {}): Promise<Pair> {
  const callee = new Recorder(options.callee);
  const listener = await listenWith(world, (stream) => {
    callee.stream = stream;
    return callee;
  });
  const at = { host: world.rightHost, port: listener.local.port };
  const caller = dialWith(world, at, options.caller, options.timeoutMs);
  await world.until('both ends are open', () => caller.opened && callee.opened);
  return { caller, callee, listener, at };
}

export function listenWith(
  world: TestWorld,
  accept: (stream: ByteStream) => Recorder | undefined,
): Promise<Listener> {
  const at = { host: world.listenHost, port: 0 };
  if (!world.tls) return world.wait(world.right.network.listen(at, accept));
  const how = { ...at, identity: TEST_IDENTITIES[0], handshakeTimeoutMs: 3000 };
  return world.wait(world.right.network.listenTls(how, accept));
}

export function dialWith(
  world: TestWorld,
  at: Endpoint,
  options?: RecorderOptions,
  timeoutMs = 5000,
): Recorder {
  const recorder = new Recorder(options);
  const { network } = world.left;
  const how = { timeoutMs };
  recorder.stream = world.tls ? network.connectTls(at, recorder, how) : network.connect(at, recorder, how);
  return recorder;
}

/** Closes what is left and checks that nothing happened that the port forbids. */
export async function finishPair(world: TestWorld, pair: Pair): Promise<void> {
  pair.caller.stream!.destroy();
  pair.callee.stream!.destroy();
  await world.until('both ends are closed', () => pair.caller.ends.length + pair.callee.ends.length === 2);
  await world.wait(pair.listener.close());
  await world.pass(20);
  assert.equal(pair.caller.faults, [], 'the calling side');
  assert.equal(pair.callee.faults, [], 'the called side');
}

/** Bytes that tell where they belong. */
export function pattern(byteLength: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(byteLength));
  let state = seed;
  for (let i = 0; i < byteLength; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.is(actual.length, expected.length, `${what}: length`);
  assert.is(Buffer.compare(actual, expected), 0, `${what}: content`);
}
