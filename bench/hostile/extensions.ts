import { HolePunch } from '../../engine/bittorrent/holepunch/hole-punch.ts';
import { encodePunchMessage } from '../../engine/bittorrent/holepunch/message.ts';
import { decodeMetadataMessage, encodeMetadataRequest } from '../../engine/bittorrent/metadata/message.ts';
import { type ExtendedPeer, ExtensionDesk } from '../../engine/bittorrent/torrent/extension-desk.ts';
import { encodeExtensionHandshake } from '../../engine/bittorrent/wire/extension-handshake.ts';
import { PexExchange } from '../../engine/discovery/pex/exchange.ts';
import { encodePexMessage } from '../../engine/discovery/pex/message.ts';
import type { Random } from '../../engine/runtime/port.ts';
import type { LightWorld } from '../dht/sim/light-world.ts';
import { mutate } from './mutate.ts';
import type { Target } from './targets.ts';

const PEERS = 50;
const METADATA_NUMBER = 2;
/** Plugs have the numbers from here on, in their order. */
const PLUG_NUMBER_FIRST = 16;

/** The extension protocol (BEP 10) with PEX, hole punching and metadata, and peers that send it nonsense. */
export function extensionTarget(world: LightWorld, random: Random): Target {
  const { clock } = world.runtime;
  const peers = new Map<number, ExtendedPeer>();
  let told = 0;
  let called = 0;
  const flags = { prefersEncryption: false, isSeed: false, utp: true, holepunch: true, reachable: true };
  const endpoint = { host: '30.0.0.5', port: 6881 };
  const pex = new PexExchange({ clock, onPeers: (found) => (told += found.length) });
  const punch = new HolePunch({ clock, peers, send: () => {}, call: () => ++called > 0 });
  const desk = new ExtensionDesk(
    { listenPort: 6881, own: { ut_metadata: METADATA_NUMBER } },
    { plugs: [pex, punch] },
  );
  const seeds: readonly (readonly [number, Uint8Array])[] = [
    [0, encodeExtensionHandshake({ extensions: new Map([['ut_pex', 1]]), client: 'x', listenPort: 6881 })],
    [METADATA_NUMBER, encodeMetadataRequest('request', 3)],
    [PLUG_NUMBER_FIRST, encodePexMessage({ added: [{ endpoint, flags }], dropped: [endpoint] })],
    [PLUG_NUMBER_FIRST + 1, encodePunchMessage({ kind: 'connect', endpoint, error: 0 })!],
    [PLUG_NUMBER_FIRST + 1, encodePunchMessage({ kind: 'rendezvous', endpoint, error: 0 })!],
  ];
  let nextId = 0;
  const join = (): void => {
    const id = nextId++;
    let closed = false;
    const connection = {
      id,
      remote: { host: `30.0.${id % 7}.${id % 250}`, port: 6881 },
      direction: 'outgoing',
      transport: 'utp',
      ready: true,
      close() {
        if (closed) return;
        closed = true;
        const peer = peers.get(id);
        peers.delete(id);
        if (peer !== undefined) desk.onGone(peer);
      },
    };
    peers.set(id, {
      connection,
      extensions: new Map(),
      listenPort: undefined,
      client: '',
      uploadOnly: false,
    } as unknown as ExtendedPeer);
  };
  return {
    name: 'extension messages',
    share: 100,
    shoot() {
      while (peers.size < PEERS) join();
      const all = [...peers.keys()];
      const peer = peers.get(all[random.below(all.length)]!)!;
      const [number, payload] = seeds[random.below(seeds.length)]!;
      const taken = desk.take(peer, number, mutate(payload, random));
      if (taken?.kind === 'message' && decodeMetadataMessage(taken.payload) === 'bad-extension')
        peer.connection.close('bad-extension');
    },
    sizes: () => [
      ['peers', peers.size, PEERS],
      ['names of extensions', Math.max(...[...peers.values()].map(({ extensions }) => extensions.size)), 64],
      ['calls placed, of all peers there were', called, nextId * 9 + PEERS * 600],
      ['addresses told, of all peers there were', told, nextId * 4 * 100 + PEERS * 200 * 100],
    ],
  };
}
