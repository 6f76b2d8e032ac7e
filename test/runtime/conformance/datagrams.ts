import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DatagramSocket, Endpoint } from '../../../engine/runtime/port.ts';
import { codeOf } from './errors.ts';
import { pattern, sameBytes } from './pair.ts';
import type { MakeWorld, TestWorld } from './world.ts';

interface Post {
  readonly socket: DatagramSocket;
  readonly got: { readonly bytes: Uint8Array; readonly from: Endpoint }[];
}

async function bind(world: TestWorld, side: 'left' | 'right', port = 0): Promise<Post> {
  const got: Post['got'] = [];
  const host = side === 'right' ? world.listenHost : '0.0.0.0';
  const socket = await world.wait(
    world[side].network.bindDatagram({ host, port }, (bytes, from) => got.push({ bytes, from })),
  );
  return { socket, got };
}

/** Datagrams: what every world must do. */
export function datagramConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (
    name: string,
    body: (world: TestWorld, left: Post, right: Post) => Promise<void>,
  ): void => {
    test(name, async () => {
      const world = await makeWorld();
      const left = await bind(world, 'left');
      const right = await bind(world, 'right');
      await body(world, left, right);
      left.socket.close();
      right.socket.close();
      await world.close();
    });
  };

  inWorld('datagrams go both ways and say where they come from', async (world, left, right) => {
    const bytes = pattern(1200);
    left.socket.send(bytes, { host: world.rightHost, port: right.socket.local.port });
    await world.until('arrived', () => right.got.length === 1);
    sameBytes(right.got[0]!.bytes, bytes, 'there');
    right.socket.send(pattern(1), right.got[0]!.from);
    await world.until('answered', () => left.got.length === 1);
    sameBytes(left.got[0]!.bytes, pattern(1), 'back');
    assert.equal(left.got[0]!.from, { host: world.rightHost, port: right.socket.local.port });
  });

  inWorld('an empty datagram is one, and boundaries are kept', async (world, left, right) => {
    const to = { host: world.rightHost, port: right.socket.local.port };
    for (const length of [0, 5, 1400]) left.socket.send(pattern(length), to);
    await world.until('arrived', () => right.got.length === 3);
    assert.equal(
      right.got.map(({ bytes }) => bytes.length),
      [0, 5, 1400],
    );
  });

  inWorld('what cannot be sent is dropped in silence', async (world, left, right) => {
    const { port } = right.socket.local;
    left.socket.send(pattern(1), { host: world.rightHost, port: 0 });
    left.socket.send(pattern(1), { host: world.rightHost, port: 70_000 });
    left.socket.send(pattern(1), { host: 'not an address', port });
    left.socket.send(pattern(1), { host: '2001:db8::1', port });
    left.socket.send(pattern(70_000), { host: world.rightHost, port });
    left.socket.send(pattern(1), { host: world.rightHost, port: await world.closedPort() });
    left.socket.send(pattern(2), { host: world.rightHost, port });
    await world.until('the good one arrived', () => right.got.length > 0);
    await world.pass(50);
    assert.is(right.got.length, 1);
  });

  inWorld('a closed socket neither sends nor receives', async (world, left, right) => {
    const to = { host: world.rightHost, port: right.socket.local.port };
    left.socket.close();
    left.socket.close();
    left.socket.send(pattern(1), to);
    const other = await bind(world, 'left');
    right.socket.close();
    other.socket.send(pattern(1), to);
    await world.pass(50);
    assert.is(right.got.length, 0);
    other.socket.close();
  });

  inWorld(
    'a port that is taken is an error; datagrams and streams do not share ports',
    async (world, _, right) => {
      const { port } = right.socket.local;
      assert.is(await codeOf(bind(world, 'right', port)), 'ADDRESS_IN_USE');
      const listener = await world.wait(
        world.right.network.listen({ host: world.listenHost, port }, () => undefined),
      );
      assert.is(listener.local.port, port);
      await world.wait(listener.close());
    },
  );
}
