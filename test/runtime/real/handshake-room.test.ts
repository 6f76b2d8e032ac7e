/**
 * Aim: handshakes under way are bounded in all and by address; the oldest goes for a newcomer, an address that fills its
 * part displaces its own only, and nothing is kept of those that are over.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HandshakeRoom } from '../../../engine/runtime/real/handshake-room.ts';

const rooms = suite('room for handshakes');

function room(handshakesMax: number, handshakesPerHostMax: number) {
  const made = new HandshakeRoom({ handshakesMax, handshakesPerHostMax });
  const dropped: string[] = [];
  const enter = (name: string, host: string): (() => void) => made.enter(host, () => dropped.push(name));
  return { made, dropped, enter };
}

rooms('the oldest of all makes room for one of another address', () => {
  const { made, dropped, enter } = room(3, 2);
  const over = enter('a1', 'a');
  enter('b1', 'b');
  enter('a2', 'a');
  assert.is(made.size, 3);
  enter('c1', 'c');
  assert.equal(dropped, ['a1']);
  over();
  assert.is(made.size, 3, 'over but once');
});

rooms('an address displaces its own', () => {
  const { made, dropped, enter } = room(10, 2);
  enter('b1', 'b');
  for (let count = 1; count <= 5; count += 1) enter(`a${count}`, 'a');
  assert.equal(dropped, ['a1', 'a2', 'a3']);
  assert.is(made.size, 3);
});

rooms('whoever is done takes no place', () => {
  const { made, dropped, enter } = room(2, 1);
  for (let count = 0; count < 100; count += 1) enter(`${count}`, 'a')();
  assert.is(made.size, 0);
  assert.equal(dropped, []);
});

rooms.run();
