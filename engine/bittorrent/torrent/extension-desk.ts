import { readAddress } from '../../codec/address.ts';
import { VERSION } from '../../codec/version.ts';
import type { Endpoint } from '../../runtime/port.ts';
import type { PeerConnection } from '../peer/connection.ts';
import { sendExtended } from '../peer/send-extended.ts';
import {
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  mergeExtensions,
} from '../wire/extension-handshake.ts';
import type { ExtensionPlug, PlugPeer } from './plug.ts';

/** What a peer has said in its extension handshakes (BEP 10). */
export interface ExtendedPeer {
  readonly connection: PeerConnection;
  /** The numbers it wants to receive extensions under. */
  extensions: ReadonlyMap<string, number>;
  /** Where it listens; undefined while it has not said so. */
  listenPort: number | undefined;
  /** What it calls itself; empty before. A stranger's text. */
  client: string;
  /** BEP 21: it says it will not download any more. */
  uploadOnly: boolean;
}

/** A message that the owner of the desk has to act on. */
export type DeskMessage =
  | { readonly kind: 'handshake'; readonly handshake: ExtensionHandshake }
  | { readonly kind: 'message'; readonly name: string; readonly payload: Uint8Array };

/** Numbers of plugs begin here; those of the engine's own extensions are below. */
const PLUG_NUMBER_FIRST = 16;

/** The extension protocol (BEP 10) of one torrent: handshakes, numbers, and who hears which message. */
export class ExtensionDesk {
  private readonly names = new Map<number, string>();
  private readonly numbers = new Map<string, number>();
  private readonly listenPort: number;
  private readonly plugs: readonly ExtensionPlug[];

  /** `own`: the extensions that the owner speaks itself, by name; numbers from 1 to 15. */
  constructor(
    options: { readonly listenPort: number; readonly own: Readonly<Record<string, number>> },
    modules: { readonly plugs: readonly ExtensionPlug[] },
  ) {
    this.listenPort = options.listenPort;
    this.plugs = modules.plugs;
    const plugged = this.plugs.map(({ name }, index) => [name, PLUG_NUMBER_FIRST + index] as const);
    for (const [name, number] of [...Object.entries(options.own), ...plugged]) {
      this.names.set(number, name);
      this.numbers.set(name, number);
    }
  }

  /** BEP 10: says what this side can do; `more` on top of what every peer hears. */
  sendHandshake(connection: PeerConnection, more: Partial<ExtensionHandshake> = {}): void {
    if (!connection.extended) return;
    const payload = encodeExtensionHandshake({
      extensions: this.numbers,
      client: `Allium ${VERSION}`,
      requestsMax: connection.requestQueueMax,
      listenPort: this.listenPort === 0 ? undefined : this.listenPort,
      yourAddress: readAddress(connection.remote.host),
      ...more,
    });
    sendExtended(connection, EXTENSION_HANDSHAKE, payload);
  }

  /** Sends an extension message when the peer has agreed to that extension; returns whether it has. */
  send(peer: ExtendedPeer, name: string, payload: Uint8Array): boolean {
    const number = peer.extensions.get(name) ?? 0;
    if (number === 0 || !peer.connection.ready) return false;
    sendExtended(peer.connection, number, payload);
    return true;
  }

  /** Takes note of a handshake, hands messages of plugs to them, and gives the owner what is left to act on. */
  take(peer: ExtendedPeer, extension: number, payload: Uint8Array): DeskMessage | undefined {
    if (extension === EXTENSION_HANDSHAKE) return this.takeHandshake(peer, payload);
    const name = this.names.get(extension);
    // BEP 10: unknown numbers are passed over.
    if (name === undefined) return undefined;
    const plug = this.plugs[extension - PLUG_NUMBER_FIRST];
    if (plug === undefined) return { kind: 'message', name, payload };
    const fault = plug.take(this.plugPeer(peer, name), payload);
    if (fault !== undefined) peer.connection.close(fault);
    return undefined;
  }

  /** To be called about once a second. */
  tick(nowMs: number, peers: () => Iterable<ExtendedPeer>): void {
    for (const plug of this.plugs) {
      plug.tick(nowMs, () => [...peers()].map((peer) => this.plugPeer(peer, plug.name)));
    }
  }

  /** The peer has left. */
  onGone(peer: ExtendedPeer): void {
    for (const plug of this.plugs) plug.gone(peer.connection.id);
  }

  private takeHandshake(peer: ExtendedPeer, payload: Uint8Array): DeskMessage | undefined {
    const handshake = decodeExtensionHandshake(payload);
    if (typeof handshake === 'string') {
      peer.connection.close(handshake);
      return undefined;
    }
    peer.extensions = mergeExtensions(peer.extensions, handshake.extensions);
    peer.listenPort = handshake.listenPort ?? peer.listenPort;
    peer.client = handshake.client ?? peer.client;
    peer.uploadOnly = handshake.isUploadOnly ?? peer.uploadOnly;
    return { kind: 'handshake', handshake };
  }

  private plugPeer(peer: ExtendedPeer, name: string): PlugPeer {
    const { connection } = peer;
    return {
      id: connection.id,
      dialable: dialableAt(peer),
      isOutgoing: connection.direction === 'outgoing',
      isSeed: peer.uploadOnly || connection.pieces?.isFull === true,
      canHolepunch: (peer.extensions.get('ut_holepunch') ?? 0) !== 0,
      takes: (peer.extensions.get(name) ?? 0) !== 0,
      send: (bytes) => void this.send(peer, name, bytes),
    };
  }
}

/** Where others can dial a peer; undefined for one that has dialled this side and has not said where it listens. */
export function dialableAt({ connection, listenPort }: ExtendedPeer): Endpoint | undefined {
  if (connection.direction === 'outgoing') return connection.remote;
  return listenPort === undefined ? undefined : { host: connection.remote.host, port: listenPort };
}
