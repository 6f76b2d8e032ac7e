import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StreamHandler, TlsStream } from '../../../engine/runtime/port.ts';
import { TEST_IDENTITIES } from '../support/tls-identity.ts';
import { finishPair } from './pair.ts';
import { Recorder } from './recorder.ts';
import { streamEndConformance } from './stream-ends.ts';
import { streamConformance } from './streams.ts';
import type { MakeWorld, TestWorld } from './world.ts';

const [FIRST, SECOND] = TEST_IDENTITIES;
const NONE = new Uint8Array(0);

/** What TLS streams know of each other, and that they keep every promise of plain ones. */
export function tlsConformance(test: Test, makeWorld: MakeWorld): void {
  const secure: MakeWorld = async () => ({ ...(await makeWorld()), tls: true });
  streamConformance(test, secure);
  streamEndConformance(test, secure);

  test('both ends know the certificates and export the same key material', async () => {
    const world = await makeWorld();
    const accepted: TlsStream[] = [];
    const listener = await listenTls(world, accepted);
    const at = { host: world.rightHost, port: listener.local.port };
    const [one, two] = [dial(world, at), dial(world, at)];
    await world.until('open', () => one.opened && two.opened && accepted.length === 2);
    const [caller, other] = [one.stream as TlsStream, two.stream as TlsStream];
    const callee = accepted.find((stream) => stream.remote.port === caller.local.port)!;
    assert.equal(bytes(caller.peerCertificate), bytes(FIRST.certificateDer));
    assert.equal(bytes(callee.ownCertificate), bytes(FIRST.certificateDer));
    assert.equal(bytes(caller.ownCertificate), bytes(NONE));
    assert.equal(bytes(callee.peerCertificate), bytes(NONE));
    const label = 'EXPORTER FOR TESTS';
    const material = bytes(caller.exportKeyingMaterial(32, label, Uint8Array.of(1, 2)));
    assert.is(material.length, 64);
    assert.is(bytes(callee.exportKeyingMaterial(32, label, Uint8Array.of(1, 2))), material);
    assert.is.not(bytes(caller.exportKeyingMaterial(32, label, Uint8Array.of(1, 3))), material);
    assert.is.not(bytes(caller.exportKeyingMaterial(32, 'EXPORTER', Uint8Array.of(1, 2))), material);
    assert.is.not(bytes(other.exportKeyingMaterial(32, label, Uint8Array.of(1, 2))), material);
    for (const stream of [caller, other, ...accepted]) stream.destroy();
    await world.wait(listener.close());
    await world.pass(20);
    await world.close();
  });

  test('a new identity is for new connections, the old one stays with the old', async () => {
    const world = await makeWorld();
    const accepted: TlsStream[] = [];
    const listener = await listenTls(world, accepted);
    const at = { host: world.rightHost, port: listener.local.port };
    const early = dial(world, at);
    await world.until('open', () => early.opened && accepted.length === 1);
    listener.setIdentity(SECOND);
    const late = dial(world, at);
    await world.until('open too', () => late.opened && accepted.length === 2);
    assert.is(bytes((early.stream as TlsStream).peerCertificate), bytes(FIRST.certificateDer));
    assert.is(bytes((late.stream as TlsStream).peerCertificate), bytes(SECOND.certificateDer));
    assert.is(bytes(accepted[0]!.ownCertificate), bytes(FIRST.certificateDer));
    assert.is(bytes(accepted[1]!.ownCertificate), bytes(SECOND.certificateDer));
    for (const stream of [early.stream!, late.stream!, ...accepted]) stream.destroy();
    await world.wait(listener.close());
    await world.pass(20);
    await world.close();
  });

  test('a caller that is not admitted gets no TLS', async () => {
    const world = await makeWorld();
    const accepted: TlsStream[] = [];
    const asked: string[] = [];
    const listener = await listenTls(world, accepted, (host) => {
      asked.push(host);
      return false;
    });
    const caller = dial(world, { host: world.rightHost, port: listener.local.port });
    await world.until('closed', () => caller.end !== undefined);
    assert.ok(['ended', 'reset'].includes(caller.end!.kind), caller.end!.kind);
    assert.is(asked.length, 1);
    assert.is(caller.opened, false);
    assert.is(accepted.length, 0);
    await world.wait(listener.close());
    await world.close();
  });

  test('TLS against a plain port never opens', async () => {
    const world = await makeWorld();
    const callee = new Recorder();
    const listener = await world.wait(
      world.right.network.listen({ host: world.listenHost, port: 0 }, (stream) => {
        callee.stream = stream;
        stream.write(new Uint8Array(100));
        return callee;
      }),
    );
    const at = { host: world.rightHost, port: listener.local.port };
    const caller = dial(world, at);
    await world.until('closed', () => caller.end !== undefined);
    assert.is(caller.end!.kind, 'failed');
    assert.is(caller.opened, false);
    assert.equal(caller.faults, []);
    if (callee.stream !== undefined) {
      await world.until('the other too', () => callee.end !== undefined);
      await finishPair(world, { caller, callee, listener, at }).catch(() => {});
    }
    await world.wait(listener.close());
    await world.close();
  });
}

function listenTls(world: TestWorld, accepted: TlsStream[], admit: (host: string) => boolean = () => true) {
  const at = { host: world.listenHost, port: 0 };
  const how = { identity: FIRST, handshakeTimeoutMs: 3000 };
  return world.wait(
    world.right.network.listenTls(
      { ...at, ...how, admit: (remote) => admit(remote.host) },
      (stream): StreamHandler => {
        accepted.push(stream);
        const recorder = new Recorder();
        recorder.stream = stream;
        return recorder;
      },
    ),
  );
}

function dial(world: TestWorld, at: { host: string; port: number }): Recorder {
  const recorder = new Recorder();
  recorder.stream = world.left.network.connectTls(at, recorder, { timeoutMs: 3000 });
  return recorder;
}

function bytes(some: Uint8Array): string {
  return Buffer.from(some).toString('hex');
}
