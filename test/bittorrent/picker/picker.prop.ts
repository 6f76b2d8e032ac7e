// Aim: whatever peers do and in whatever order, the picker never asks a peer for what it lacks, never reserves a
// block twice, takes the rarest new piece, begins none while it could finish one, overlooks nothing, and everything
// completes in the end. A plain model of blocks and peers says what is right.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { Picker } from '../../../engine/bittorrent/picker/picker.ts';
import type { PickerPeer } from '../../../engine/bittorrent/picker/picker-peer.ts';
import type { BlockRun, PiecePriority } from '../../../engine/bittorrent/picker/types.ts';
import { type PieceIndex, pieceIndex } from '../../../engine/bittorrent/units.ts';
import { seededRandom } from '../support/seeded-random.ts';

const test = suite('picker properties');
const PIECES = 12;
const PARTIALS_MAX = 6;
const blocksIn = (piece: number): number => 1 + (piece % 4);

/** One block: who holds it exclusively, who else was asked, whether it is here. */
interface Block {
  owner: Peer | undefined;
  readonly others: Set<Peer>;
  isHere: boolean;
}

interface Peer {
  readonly picking: PickerPeer;
  readonly have: Set<number>;
}

/** The picker, and beside it what a simple-minded reader of the rules would believe. */
class World {
  readonly picker: Picker;
  readonly peers: Peer[] = [];
  readonly complete = new Set<number>();
  readonly priorities = new Array<PiecePriority>(PIECES).fill(2);
  /** Pieces under way, in the order they were begun. */
  readonly partials = new Map<number, Block[]>();

  constructor(seed: number) {
    this.picker = new Picker(
      { pieceCount: PIECES, blocksIn, partialsMax: PARTIALS_MAX, duplicateQueueMax: 5 },
      { random: seededRandom(seed) },
    );
  }

  isWanted(piece: number): boolean {
    return !this.complete.has(piece) && this.priorities[piece] !== 0;
  }

  blocksOf(piece: number): Block[] {
    let blocks = this.partials.get(piece);
    if (blocks === undefined) {
      blocks = Array.from({ length: blocksIn(piece) }, () => ({
        owner: undefined,
        others: new Set<Peer>(),
        isHere: false,
      }));
      this.partials.set(piece, blocks);
    }
    return blocks;
  }

  isFreeFor(block: Block, peer: Peer): boolean {
    return !block.isHere && block.owner === undefined && !block.others.has(peer);
  }

  /** Pieces under way that this peer can help with. */
  openFor(peer: Peer): number[] {
    return [...this.partials.keys()].filter(
      (piece) =>
        this.isWanted(piece) &&
        peer.have.has(piece) &&
        this.partials.get(piece)!.some((block) => this.isFreeFor(block, peer)),
    );
  }

  /** Pieces this peer could begin. */
  newFor(peer: Peer): number[] {
    return [...peer.have].filter((piece) => this.isWanted(piece) && !this.partials.has(piece));
  }

  holders(piece: number): number {
    return this.peers.filter((peer) => peer.have.has(piece)).length;
  }

  /** Nothing is free that anybody has. */
  get inEndgame(): boolean {
    const left = Array.from({ length: PIECES }, (_, piece) => piece).filter((piece) => this.isWanted(piece));
    return (
      left.length > 0 &&
      left.every((piece) => {
        if (this.holders(piece) === 0) return true;
        return this.partials.get(piece)?.every((block) => block.isHere || block.owner !== undefined) === true;
      })
    );
  }

  pick(peer: Peer, blocksMax: number): void {
    const open = this.openFor(peer);
    const fresh = this.partials.size < PARTIALS_MAX ? this.newFor(peer) : [];
    const run = this.picker.pickRun(peer.picking, blocksMax);
    if (run === undefined) {
      assert.equal(open, [], 'a piece under way was overlooked');
      assert.equal(fresh, [], 'a new piece was overlooked');
      return;
    }
    this.checkChoice(peer, run.piece, open, fresh);
    this.checkRun(peer, run, blocksMax);
  }

  checkChoice(peer: Peer, piece: PieceIndex, open: readonly number[], fresh: readonly number[]): void {
    assert.ok(peer.have.has(piece), 'the peer lacks the piece');
    assert.ok(this.isWanted(piece));
    const candidates = open.length > 0 ? open : fresh;
    const best = Math.max(...candidates.map((candidate) => this.priorities[candidate]!));
    assert.is(this.priorities[piece], best, 'a higher priority comes first');
    if (open.length > 0) {
      assert.is(
        piece,
        open.find((candidate) => this.priorities[candidate] === best),
        'the oldest piece under way comes first',
      );
    } else if (this.picker.sequential) {
      assert.is(piece, Math.min(...fresh.filter((candidate) => this.priorities[candidate] === best)));
    } else if (this.complete.size >= 4) {
      const rarest = Math.min(
        ...fresh
          .filter((candidate) => this.priorities[candidate] === best)
          .map((candidate) => this.holders(candidate)),
      );
      assert.is(this.holders(piece), rarest, 'rarest first');
    }
  }

  checkRun(peer: Peer, run: BlockRun, blocksMax: number): void {
    assert.ok(run.blockCount >= 1 && run.blockCount <= blocksMax);
    const blocks = this.blocksOf(run.piece);
    for (let block = run.firstBlock; block < run.firstBlock + run.blockCount; block++) {
      assert.ok(this.isFreeFor(blocks[block]!, peer), 'a block is reserved twice');
      blocks[block]!.owner = peer;
    }
  }

  duplicate(peer: Peer): void {
    const mayDouble = this.inEndgame || this.partials.size >= PARTIALS_MAX;
    const run = this.picker.pickDuplicate(peer.picking);
    if (run === undefined) return;
    assert.ok(mayDouble, 'duplicates before the endgame');
    assert.is(run.blockCount, 1);
    const block = this.partials.get(run.piece)![run.firstBlock]!;
    assert.ok(peer.have.has(run.piece) && !block.isHere && block.owner !== undefined && block.owner !== peer);
    assert.ok(!block.others.has(peer) && block.others.size < 3);
    block.others.add(peer);
  }

  /** What this peer was asked for, in the order of pieces and blocks. */
  asked(peer: Peer): (readonly [piece: PieceIndex, block: number])[] {
    return [...this.partials].flatMap(([piece, blocks]) =>
      blocks.flatMap((block, index) =>
        !block.isHere && (block.owner === peer || block.others.has(peer))
          ? [[pieceIndex(piece), index] as const]
          : [],
      ),
    );
  }

  receive(peer: Peer, piece: PieceIndex, index: number, isGood: boolean): void {
    const blocks = this.partials.get(piece)!;
    const block = blocks[index]!;
    const expected = new Set([...block.others, ...(block.owner === undefined ? [] : [block.owner])]);
    expected.delete(peer);
    const verdict = this.picker.blockReceived(peer.picking, piece, index, (other, atPiece, atBlock) => {
      assert.equal([atPiece, atBlock], [piece, index]);
      assert.ok([...expected].some((candidate) => candidate.picking === other));
      for (const candidate of expected) if (candidate.picking === other) expected.delete(candidate);
    });
    assert.is(expected.size, 0, 'everybody else that was asked gets a cancel');
    block.isHere = true;
    block.owner = undefined;
    block.others.clear();
    const isWhole = blocks.every((each) => each.isHere);
    assert.is(verdict, isWhole ? 'complete' : 'taken');
    if (!isWhole) return;
    if (isGood) {
      this.picker.pieceVerified(piece);
      this.complete.add(piece);
      this.partials.delete(piece);
    } else {
      this.picker.pieceFailed(piece);
      for (const each of blocks) each.isHere = false;
    }
  }

  /** These blocks will not come from this peer. */
  release(peer: Peer, list: readonly (readonly [PieceIndex, number])[]): void {
    for (const [piece, index] of list) {
      const block = this.partials.get(piece)![index]!;
      if (block.owner === peer) block.owner = undefined;
      block.others.delete(peer);
      this.forgetUntouched(piece);
    }
  }

  forgetUntouched(piece: number): void {
    const isUntouched = this.partials
      .get(piece)!
      .every((block) => !block.isHere && block.owner === undefined && block.others.size === 0);
    if (isUntouched) this.partials.delete(piece);
  }

  check(): void {
    assert.is(
      this.picker.wantedLeft,
      [...Array(PIECES).keys()].filter((piece) => this.isWanted(piece)).length,
    );
    assert.is(this.picker.partialCount, this.partials.size);
    assert.is(this.picker.inEndgame, this.inEndgame);
    for (let piece = 0; piece < PIECES; piece++) {
      assert.is(this.picker.availabilityOf(pieceIndex(piece)), this.holders(piece));
    }
    for (const peer of this.peers) {
      assert.is(peer.picking.requestCount, this.asked(peer).length);
      assert.is(
        this.picker.interesting(peer.picking),
        [...peer.have].some((piece) => this.isWanted(piece)),
      );
    }
  }
}

type Step = readonly [kind: number, a: number, b: number];

function addPeer(world: World, a: number, b: number): void {
  if (world.peers.length >= 6) return;
  const peer: Peer = { picking: world.picker.addPeer(), have: new Set() };
  world.peers.push(peer);
  const bits = new Bitfield(PIECES);
  if (a % 3 === 0) {
    for (let piece = 0; piece < PIECES; piece++) peer.have.add(piece);
    world.picker.peerHasAll(peer.picking);
    return;
  }
  for (let piece = 0; piece < PIECES; piece++) {
    if (((a ^ (b << 3)) >>> piece) % 2 === 0) continue;
    bits.set(piece);
    peer.have.add(piece);
  }
  world.picker.peerBitfield(peer.picking, bits.bytes);
}

function changePiece(world: World, peer: Peer, kind: number, piece: PieceIndex): void {
  if (kind === 0) {
    world.picker.peerHas(peer.picking, piece);
    peer.have.add(piece);
  } else if (kind === 1) {
    world.picker.peerLost(peer.picking, piece);
    peer.have.delete(piece);
  } else if (kind === 2) {
    world.picker.pieceLost(piece);
    world.complete.delete(piece);
  } else if (kind === 3 && world.partials.has(piece)) {
    world.picker.pieceDropped(piece);
    world.partials.delete(piece);
  }
}

function step(world: World, [kind, a, b]: Step): void {
  const peer = world.peers[a % Math.max(1, world.peers.length)];
  if (kind === 0 || peer === undefined) {
    addPeer(world, a, b);
    return;
  }
  const asked = world.asked(peer);
  const one = asked[b % Math.max(1, asked.length)];
  if (kind <= 4) world.pick(peer, 1 + (b % 4));
  else if (kind === 5) world.duplicate(peer);
  else if (kind <= 8) {
    if (one !== undefined) world.receive(peer, one[0], one[1], b % 5 !== 0);
  } else if (kind === 9) changePiece(world, peer, b % 4, pieceIndex(b % PIECES));
  else if (kind === 10 && one !== undefined) {
    world.picker.releaseBlock(peer.picking, ...one);
    world.release(peer, [one]);
  } else if (kind === 11) {
    world.picker.releasePeer(peer.picking);
    world.release(peer, asked);
  } else if (kind === 12) {
    world.picker.peerSnubbed(peer.picking);
    for (const [piece, index] of asked) {
      const block = world.partials.get(piece)![index]!;
      if (block.owner === peer) block.owner = undefined;
      block.others.add(peer);
    }
  } else if (kind === 13) {
    world.picker.peerGone(peer.picking);
    world.release(peer, asked);
    world.peers.splice(world.peers.indexOf(peer), 1);
  } else if (kind === 14) {
    const piece = pieceIndex(b % PIECES);
    world.priorities[piece] = (a % 4) as PiecePriority;
    world.picker.setPriority(piece, world.priorities[piece]!);
  } else if (kind === 15) world.picker.sequential = b % 2 === 0;
}

/** Lets every request be answered and asks on until nothing is left; a seeder is there. */
function finish(world: World): void {
  addPeer(world, 0, 0);
  if (!world.peers.some((peer) => peer.have.size === PIECES)) {
    const peer = world.peers[0]!;
    for (let piece = 0; piece < PIECES; piece++) changePiece(world, peer, 0, pieceIndex(piece));
  }
  for (let round = 0; !world.picker.isDone; round++) {
    assert.ok(round < 500, 'the download does not end');
    for (const peer of world.peers) {
      world.pick(peer, 3);
      for (const [piece, index] of world.asked(peer)) {
        if (world.partials.get(piece)?.[index]?.isHere === false) world.receive(peer, piece, index, true);
      }
      world.check();
    }
  }
  assert.is(
    world.complete.size,
    world.priorities.filter((priority, piece) => priority > 0 || world.complete.has(piece)).length,
  );
}

test('any order of arrivals, failures, chokes and changes keeps the rules and ends complete', () => {
  const steps = fc.array(fc.tuple(fc.nat(15), fc.nat(9999), fc.nat(9999)), { minLength: 20, maxLength: 400 });
  fc.assert(
    fc.property(fc.nat(), steps, (seed, list) => {
      const world = new World(seed);
      for (const each of list) {
        step(world, each);
        world.check();
      }
      finish(world);
    }),
    { numRuns: 1500 },
  );
});

test('rarest first holds for peers with few pieces of many and with many', () => {
  const count = 300;
  const share = fc.constantFrom(0.01, 0.05, 0.1, 0.3, 0.9);
  fc.assert(
    fc.property(fc.nat(), fc.array(share, { minLength: 1, maxLength: 6 }), (seed, shares) => {
      const random = seededRandom(seed);
      const picker = new Picker({ pieceCount: count, blocksIn: () => 1, randomFirstPieces: 0 }, { random });
      for (let piece = 0; piece < count; piece++) {
        picker.setPriority(pieceIndex(piece), ([1, 2, 2, 2, 3] as const)[random.below(5)]!);
      }
      const peers = shares.map((part) => {
        const bits = new Bitfield(count);
        for (let piece = 0; piece < count; piece++) if (random.below(1000) < part * 1000) bits.set(piece);
        const picking = picker.addPeer();
        picker.peerBitfield(picking, bits.bytes);
        return { picking, left: new Set<number>(bits.pieces()) };
      });
      for (let turn = 0; turn < 200; turn++) {
        const peer = peers[turn % peers.length]!;
        const run = picker.pickRun(peer.picking, 1);
        assert.is(run === undefined, peer.left.size === 0);
        if (run === undefined) continue;
        const value = (piece: number): number =>
          picker.priorityOf(pieceIndex(piece)) * 1000 - picker.availabilityOf(pieceIndex(piece));
        assert.is(value(run.piece), Math.max(...[...peer.left].map(value)));
        for (const each of peers) each.left.delete(run.piece);
      }
    }),
    { numRuns: 200 },
  );
});

test.run();
