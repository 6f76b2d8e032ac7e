import { MseAnswerer } from '../../engine/bittorrent/mse/answerer.ts';
import { MseCaller } from '../../engine/bittorrent/mse/caller.ts';
import { MseCiphers } from '../../engine/bittorrent/mse/ciphers.ts';
import { UtpEndpoint } from '../../engine/bittorrent/utp/endpoint.ts';
import { HEADER_BYTES, readPacket, UtpPacket, writeHeader } from '../../engine/bittorrent/utp/packet.ts';
import { DhtNode } from '../../engine/discovery/dht/dht-node.ts';
import { decodeKrpc } from '../../engine/discovery/dht/krpc-decode.ts';
import { encodeAnswer, encodeQuery, KrpcWriter } from '../../engine/discovery/dht/krpc-encode.ts';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
} from '../../engine/discovery/tracker/udp-messages.ts';
import { RateGuard } from '../../engine/discovery/tracker-server/rate-guard.ts';
import { TRACKER_DEFAULTS, Tracker } from '../../engine/discovery/tracker-server/tracker.ts';
import { newTrackerCounts } from '../../engine/discovery/tracker-server/tracker-counts.ts';
import { UdpResponder } from '../../engine/discovery/tracker-server/udp-responder.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { Endpoint, Random } from '../../engine/runtime/port.ts';
import type { LightWorld } from '../dht/sim/light-world.ts';
import { extensionTarget } from './extensions.ts';
import { mutate } from './mutate.ts';

/** One part of the engine that strangers can send to. */
export interface Target {
  readonly name: string;
  /** Its part of a thousand packets. */
  readonly share: number;
  /** Takes one packet. */
  shoot(): void;
  /** Tables and their bounds. */
  sizes(): readonly (readonly [what: string, now: number, max: number])[];
}

const OWN: Endpoint = { host: '20.0.0.1', port: 6881 };

function stranger(random: Random): Endpoint {
  return {
    host: `${21 + random.below(200)}.${random.below(256)}.${random.below(256)}.1`,
    port: 1 + random.below(60_000),
  };
}

/** Everything that is shot at. */
export function makeTargets(world: LightWorld, random: Random): readonly Target[] {
  return [
    krpcTarget(world, random),
    trackerTarget(world, random),
    utpTarget(world, random),
    extensionTarget(world, random),
    mseTarget(random),
  ];
}

function krpcTarget(world: LightWorld, random: Random): Target {
  const limits = { infoHashesMax: 1000, peersMax: 10_000, itemsMax: 1000 };
  const heard: (readonly [bytes: Uint8Array, to: Endpoint])[] = [];
  const node = new DhtNode(
    { peerStore: limits, itemStore: limits },
    { runtime: world.runtime, socket: { local: OWN, send: (bytes, to) => heard.push([bytes.slice(), to]) } },
  );
  void node.start();
  const writer = new KrpcWriter();
  const id = random.bytes(20);
  const ask = (name: Parameters<typeof encodeQuery>[1]['name'], fields: object): Uint8Array =>
    encodeQuery(writer, { name, transaction: 7, readOnly: false }, { id, ...fields }).slice();
  const seeds = [
    ask('ping', {}),
    ask('find_node', { target: id }),
    ask('get_peers', { infoHash: id, scrape: true }),
    ask('announce_peer', { infoHash: id, port: 1, token: new Uint8Array(8) }),
    ask('put', { token: new Uint8Array(8), value: Buffer.from('1:x') }),
    encodeAnswer(
      writer,
      { id, transaction: Buffer.from('ab'), externalAddress: Buffer.from('abcdef') },
      { nodes: new Uint8Array(208).fill(9), token: new Uint8Array(8) },
    ).slice(),
  ];
  let shots = 0;
  /** A node that plays along, so that tables fill: it answers queries, and announces with the token that it got. */
  const playAlong = (): boolean => {
    const [bytes, to] = heard.pop() ?? [];
    heard.length = Math.min(heard.length, 64);
    const message = bytes === undefined ? undefined : decodeKrpc(bytes);
    if (message === undefined || typeof message === 'string' || to === undefined) return false;
    if (message.kind === 'q') {
      const head = { id: random.bytes(20), transaction: message.transaction, externalAddress: undefined };
      node.onDatagram(encodeAnswer(writer, head, { nodes: random.bytes(208), token }).slice(), to);
    } else if (message.kind === 'r' && message.token !== undefined) {
      const fields = { infoHash: random.bytes(20), port: 1, token: message.token };
      node.onDatagram(ask('announce_peer', fields), to);
    } else return false;
    return true;
  };
  const token = new Uint8Array(8);
  return {
    name: 'KRPC',
    share: 300,
    shoot() {
      if (++shots % 5000 === 0) void node.findPeers(random.bytes(20));
      if (random.below(2) === 0 && playAlong()) return;
      node.onDatagram(mutate(seeds[random.below(seeds.length)]!, random), stranger(random));
    },
    sizes() {
      const { nodes, buckets, infoHashes, peers, items, pendingQueries, replacements } = node.stats;
      return [
        ['nodes', nodes, buckets * 8],
        ['replacements', replacements, buckets * 8],
        ['torrents', infoHashes, limits.infoHashesMax],
        ['peers', peers, limits.peersMax],
        ['items', items, limits.itemsMax],
        ['queries under way', pendingQueries, 1024],
      ];
    },
  };
}

function trackerTarget(world: LightWorld, random: Random): Target {
  const limits = { torrentsMax: 1000, peersMax: 10_000 };
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, ...limits }, { random, log: undefined });
  const guard = new RateGuard({ perMinuteMax: 6000 }, { random });
  const { clock } = world.runtime;
  const modules = { clock, random, tracker, guard, counts: newTrackerCounts(), gate: undefined };
  const udp = new UdpResponder(modules);
  const announce = (): Parameters<typeof encodeUdpAnnounce>[2] => ({
    ...{ infoHash: random.bytes(20), peerId: random.bytes(20), port: 1 + random.below(65_535) },
    ...{ uploaded: 0, downloaded: 0, left: random.below(2), event: undefined, peersWanted: 50, key: 1 },
  });
  return {
    name: 'UDP tracker',
    share: 300,
    shoot() {
      const from = stranger(random);
      const kind = random.below(3);
      // One in two has been told its connection id, and fills the tables.
      const told = random.below(2) === 0 ? udp.answer(encodeUdpConnect(1), from)?.slice(8, 16) : undefined;
      const id = told ?? random.bytes(8);
      const valid =
        kind === 0
          ? encodeUdpConnect(2)
          : kind === 1
            ? encodeUdpAnnounce(id, 3, announce(), '/announce')
            : encodeUdpScrape(id, 4, [random.bytes(20)]);
      udp.answer(random.below(3) === 0 ? valid : mutate(valid, random), from);
    },
    sizes: () => [
      ['torrents', tracker.torrents.count, limits.torrentsMax],
      ['peers', tracker.peerCount, 2 * limits.peersMax],
    ],
  };
}

function utpTarget(world: LightWorld, random: Random): Target {
  const limits = { connectionsMax: 200, halfOpenMax: 256, receivedBytesMax: 1 << 20, sentBytesMax: 1 << 20 };
  const heard: (readonly [bytes: Uint8Array, to: Endpoint])[] = [];
  const send = (bytes: Uint8Array, to: Endpoint): void => {
    if (heard.length < 64) heard.push([bytes.slice(), to]);
  };
  const port = { local: OWN, queuedBytes: 0, send };
  const packet = new UtpPacket();
  const endpoint = new UtpEndpoint(limits, { ...world.runtime, port });
  const target = new Uint8Array(1024);
  endpoint.listen(() => ({
    onOpen() {},
    readTarget: () => target,
    onRead() {},
    onDrain() {},
    onClose() {},
  }));
  return {
    name: 'uTP',
    share: 280,
    shoot() {
      const bytes = new Uint8Array(HEADER_BYTES + random.below(100));
      const [last, to] = heard.pop() ?? [];
      const isKnown = random.below(2) === 0 && last !== undefined && readPacket(last, packet);
      // One in two goes on with a connection that an answer of ours has shown it.
      const type = isKnown ? 0 : random.below(5);
      const connectionId = isKnown ? (packet.connectionId + 1) & 0xffff : random.below(64);
      const ack = isKnown ? (packet.seq - 1) & 0xffff : random.below(65_536);
      writeHeader(bytes, {
        type: type as 0,
        connectionId,
        timestampUs: random.below(2 ** 32),
        differenceUs: random.below(2 ** 32),
        windowBytes: random.below(2 ** 32),
        seq: random.below(64),
        ack,
      });
      const stranger = { host: `30.0.0.${random.below(32)}`, port: 1 + random.below(4) };
      const from = isKnown && to !== undefined ? to : stranger;
      endpoint.onDatagram(random.below(3) === 0 ? mutate(bytes, random) : bytes, from);
    },
    sizes: () => [
      ['connections', endpoint.connectionCount, limits.connectionsMax],
      ['half open', endpoint.halfOpenCount, limits.halfOpenMax],
      ['received bytes kept', endpoint.keptBytes.received, limits.receivedBytesMax],
      ['sent bytes kept', endpoint.keptBytes.sent, limits.sentBytesMax],
    ],
  };
}

function mseTarget(random: Random): Target {
  const slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  const ciphers = new MseCiphers({ slab });
  const modules = { random, openCipher: (key: Uint8Array) => ciphers.open(key) };
  const infoHash = random.bytes(20);
  const findTorrent = (): Uint8Array => infoHash;
  // A key exchange costs most of it: the same few calls are altered again and again.
  const calls = Array.from({ length: 16 }, () => {
    const caller = new MseCaller({ infoHash, methods: ['rc4'], initialPayload: new Uint8Array(68) }, modules);
    const first = caller.start().slice();
    caller.close();
    return first;
  });
  return {
    name: 'MSE, first bytes',
    share: 20,
    shoot() {
      const answerer = new MseAnswerer({ methods: ['rc4', 'plain'] }, { ...modules, findTorrent });
      const call = calls[random.below(calls.length)]!;
      const first = random.below(2) === 0 ? random.bytes(random.below(700)) : mutate(call, random);
      const step = answerer.take(first);
      if (step.kind === 'more') answerer.take(random.bytes(random.below(600)));
      answerer.close();
    },
    sizes: () => [
      ['ciphers open', ciphers.size, 0],
      ['slots leased', slab.stats().leasedSlots, 64],
    ],
  };
}
