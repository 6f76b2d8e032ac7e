// Aim: each rule of choking has a test that names it: 4 unchokes, rounds of 10 s, optimistic unchoke of 30 s with new
// peers three times as likely, snubbed after 60 s with more optimistic unchokes, seed mode by upload rate.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CHOKER_START, chokeRound, freeSlots } from '../../../engine/bittorrent/choker/choker.ts';
import { isSnubbed } from '../../../engine/bittorrent/choker/snub.ts';
import {
  CHOKER_DEFAULTS,
  type ChokeDecision,
  type ChokerOptions,
  type ChokerPeer,
  type ChokerState,
} from '../../../engine/bittorrent/choker/types.ts';
import { seededRandom } from '../support/seeded-random.ts';

const test = suite('choker rules');

/** Peers with an own state of being unchoked, so that rounds can follow one another. */
class Swarm {
  peers: ChokerPeer[];
  state: ChokerState = CHOKER_START;
  readonly random;
  readonly options: ChokerOptions;

  constructor(
    peers: readonly (Partial<ChokerPeer> & { readonly id: number })[],
    seed = 1,
    options: Partial<ChokerOptions> = {},
  ) {
    this.peers = peers.map((peer) => ({
      isInterested: true,
      isUnchoked: false,
      isSnubbing: false,
      downloadBytesPerSec: 0,
      uploadBytesPerSec: 0,
      connectedAtMs: -1_000_000,
      ...peer,
    }));
    this.random = seededRandom(seed);
    this.options = { ...CHOKER_DEFAULTS, ...options };
  }

  round(nowMs: number, mode: 'leech' | 'seed' = 'leech'): ChokeDecision {
    const decision = chokeRound(this.state, this.peers, mode, nowMs, this.random, this.options);
    this.state = decision.state;
    this.peers = this.peers.map((peer) => ({
      ...peer,
      isUnchoked:
        decision.unchoke.includes(peer.id) || (peer.isUnchoked && !decision.choke.includes(peer.id)),
    }));
    return decision;
  }

  change(id: number, changes: Partial<ChokerPeer>): void {
    this.peers = this.peers.map((peer) => (peer.id === id ? { ...peer, ...changes } : peer));
  }

  get unchoked(): number[] {
    return this.peers.filter((peer) => peer.isUnchoked).map((peer) => peer.id);
  }
}

const ten = Array.from({ length: 10 }, (_, id) => ({
  id,
  downloadBytesPerSec: id * 1000,
  uploadBytesPerSec: (9 - id) * 1000,
}));

test('the defaults are those of BEP 3: 4 slots, 10 s, 30 s, 60 s', () => {
  assert.is(CHOKER_DEFAULTS.slots, 4);
  assert.is(CHOKER_DEFAULTS.roundMs, 10_000);
  assert.is(CHOKER_DEFAULTS.optimisticMs, 30_000);
  assert.is(CHOKER_DEFAULTS.snubMs, 60_000);
});

test('4 unchokes: the three best download rates and one optimistic', () => {
  const swarm = new Swarm(ten);
  swarm.round(0);
  assert.is(swarm.unchoked.length, 4);
  assert.equal(swarm.unchoked.slice(-3), [7, 8, 9]);
  assert.equal(swarm.state.optimistic, [swarm.unchoked[0]]);
});

test('seed mode: the best upload rates', () => {
  const swarm = new Swarm(ten);
  swarm.round(0, 'seed');
  assert.equal(swarm.unchoked.slice(0, 3), [0, 1, 2]);
  assert.is(swarm.unchoked.length, 4);
});

test('interested only: a fast peer that wants nothing gets no slot, and loses the one it has', () => {
  const swarm = new Swarm(ten);
  swarm.round(0);
  swarm.change(9, { isInterested: false });
  const decision = swarm.round(10_000);
  assert.equal(decision.choke, [9]);
  assert.is(swarm.unchoked.length, 4);
  assert.ok([6, 7, 8].every((id) => swarm.unchoked.includes(id)));
});

test('rounds of 10 s: who overtakes gets the slot in the next round', () => {
  const swarm = new Swarm(ten);
  swarm.round(0);
  const loser = 7;
  const winner = [0, 1, 2, 3].find((id) => !swarm.unchoked.includes(id))!;
  swarm.change(winner, { downloadBytesPerSec: 50_000 });
  const decision = swarm.round(10_000);
  assert.equal(decision.unchoke, [winner]);
  assert.equal(decision.choke, [loser]);
});

test('no fibrillation: with equal rates those that are unchoked stay so', () => {
  const swarm = new Swarm(ten.map(({ id }) => ({ id, downloadBytesPerSec: 5 })));
  swarm.round(0);
  const before = swarm.unchoked;
  swarm.round(10_000);
  swarm.round(20_000);
  assert.equal(swarm.unchoked, before);
});

test('optimistic unchoke of 30 s: it stays for three rounds and then goes to somebody else', () => {
  const swarm = new Swarm(ten);
  swarm.round(0);
  const [first] = swarm.state.optimistic;
  for (const nowMs of [10_000, 20_000]) {
    swarm.round(nowMs);
    assert.equal(swarm.state.optimistic, [first]);
  }
  const decision = swarm.round(30_000);
  const [second] = swarm.state.optimistic;
  assert.is.not(second, first);
  assert.ok(decision.choke.includes(first!) && decision.unchoke.includes(second!));
  swarm.round(40_000);
  assert.equal(swarm.state.optimistic, [second]);
});

test('optimistic unchoke: everybody has a turn in the end, whatever the rate', () => {
  const swarm = new Swarm(ten);
  const seen = new Set<number>();
  for (let nowMs = 0; nowMs < 3_000_000; nowMs += 10_000) {
    swarm.round(nowMs);
    for (const id of swarm.state.optimistic) seen.add(id);
  }
  assert.equal([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
});

test('optimistic unchoke: new peers are three times as likely', () => {
  let fresh = 0;
  const rounds = 4000;
  for (let seed = 0; seed < rounds; seed++) {
    const swarm = new Swarm(
      ten.map((peer) => ({ ...peer, connectedAtMs: peer.id === 0 ? 95_000 : 0 })),
      seed,
    );
    swarm.round(100_000);
    if (swarm.state.optimistic[0] === 0) fresh++;
  }
  // 7 candidates, one with three tickets: 3 of 9.
  assert.ok(fresh > rounds * 0.3 && fresh < rounds * 0.37, `${fresh} of ${rounds}`);
});

test('optimistic unchoke: one that has earned a slot by its rate makes room for another one at once', () => {
  const swarm = new Swarm(ten);
  swarm.round(0);
  const [first] = swarm.state.optimistic;
  swarm.change(first!, { downloadBytesPerSec: 99_000 });
  swarm.round(10_000);
  assert.is.not(swarm.state.optimistic[0], first);
  assert.ok(swarm.unchoked.includes(first!));
  assert.is(swarm.unchoked.length, 4);
});

test('snubbed after 60 s without a block that was asked for', () => {
  assert.not(isSnubbed(undefined, 1_000_000), 'nothing was asked for');
  assert.not(isSnubbed(0, 59_999));
  assert.ok(isSnubbed(0, 60_000));
  assert.ok(isSnubbed(0, 5_000, 5_000));
});

test('snubbed: no slot by rate, more optimistic unchokes in its place', () => {
  const swarm = new Swarm(ten.map((peer) => ({ ...peer, isSnubbing: peer.id >= 2 })));
  swarm.round(0);
  assert.is(swarm.unchoked.length, 4);
  assert.ok(swarm.unchoked.includes(0) && swarm.unchoked.includes(1), 'the two that do not snub');
  assert.is(swarm.state.optimistic.length, 2);
  const all = new Swarm(ten.map((peer) => ({ ...peer, isSnubbing: true })));
  all.round(0);
  assert.is(all.state.optimistic.length, 4, 'snubbed by all: four optimistic unchokes');
});

test('seed mode knows no snubbing: a seeder asks for nothing', () => {
  const swarm = new Swarm(ten.map((peer) => ({ ...peer, isSnubbing: true })));
  swarm.round(0, 'seed');
  assert.is(swarm.state.optimistic.length, 1);
});

test('slots are an option: one, many, unlimited', () => {
  const one = new Swarm(ten, 1, { slots: 1 });
  one.round(0);
  assert.is(one.unchoked.length, 1, 'and it rotates');
  const seen = new Set<number>();
  for (let nowMs = 30_000; nowMs < 3_000_000; nowMs += 30_000) {
    one.round(nowMs);
    seen.add(one.unchoked[0]!);
  }
  assert.is(seen.size, 10);
  for (const slots of [10, 500, Number.POSITIVE_INFINITY]) {
    const all = new Swarm(ten, 1, { slots });
    all.round(0);
    assert.is(all.unchoked.length, 10);
    assert.equal(all.round(30_000), { state: all.state, unchoke: [], choke: [] });
  }
});

test('free slots can be given away between two rounds', () => {
  const swarm = new Swarm(ten.slice(0, 3));
  assert.is(freeSlots(swarm.peers, 4), 4);
  swarm.round(0);
  assert.is(freeSlots(swarm.peers, 4), 1);
  assert.is(freeSlots(swarm.peers, 2), 0);
  swarm.change(0, { isInterested: false });
  assert.is(freeSlots(swarm.peers, 4), 2, 'an uninterested peer takes no slot');
});

test('nobody there: nothing happens', () => {
  const swarm = new Swarm([]);
  assert.equal(swarm.round(0).unchoke, []);
  assert.equal(new Swarm([{ id: 1, isInterested: false }]).round(0).unchoke, []);
});

test('the same seed makes the same decisions', () => {
  const run = (seed: number): string => {
    const swarm = new Swarm(ten, seed);
    return Array.from({ length: 30 }, (_, round) => swarm.round(round * 10_000).unchoke.join()).join(';');
  };
  assert.is(run(3), run(3));
  assert.is.not(run(3), run(4));
});

test.run();
