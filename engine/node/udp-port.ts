import { NOWHERE } from '../codec/endpoint.ts';
import type { DatagramSocket, Endpoint, Network } from '../runtime/port.ts';

/** Takes a datagram; it may keep the bytes. */
export type DatagramTaker = (bytes: Uint8Array, from: Endpoint) => void;

/** BEP 5: every message of the DHT is a bencoded dictionary. A packet of uTP (BEP 29) begins with type and version 1. */
const DICTIONARY = 0x64; // "d"

/**
 * The one UDP port of a shard, shared by uTP and DHT: what begins as a bencoded dictionary is for the DHT, all else
 * for uTP. It can be handed out before it is bound; until then nothing is sent.
 */
export class UdpPort {
  private readonly network: Pick<Network, 'bindDatagram'>;
  /** One, or where it is bound to all addresses one for IPv6 and one for IPv4. */
  private sockets: DatagramSocket[] = [];
  private binding: Promise<Endpoint> | undefined;
  private closed = false;
  /** Who gets messages of the DHT, by the address that they came to. */
  readonly dht = new Map<string, DatagramTaker>();
  /** Who gets everything else. */
  onUtp: DatagramTaker | undefined;

  constructor(modules: { readonly network: Pick<Network, 'bindDatagram'> }) {
    this.network = modules.network;
  }

  /** Where it is bound; port 0 until then. */
  get local(): Endpoint {
    return this.sockets[0]?.local ?? NOWHERE;
  }

  /** Whether it is bound there. */
  isBoundTo({ host, port }: Endpoint): boolean {
    return this.sockets.some(({ local }) => local.port === port && local.host === host);
  }

  /** Bytes sent that the system has not taken yet. */
  get queuedBytes(): number {
    let sum = 0;
    for (const { queuedBytes } of this.sockets) sum += queuedBytes;
    return sum;
  }

  /** Binds it, once: later calls give the same answer, whatever they ask. Rejects as `Network.bindDatagram` does. */
  bind(at: Endpoint): Promise<Endpoint> {
    this.binding ??= this.open(at);
    return this.binding;
  }

  /** `bytes` may be used again once {@link queuedBytes} is 0. */
  send(bytes: Uint8Array, to: Endpoint): void {
    const [first, second] = this.sockets;
    const isSecond = second !== undefined && !to.host.includes(':');
    (isSecond ? second : first)?.send(bytes, to);
  }

  close(): void {
    this.closed = true;
    for (const socket of this.sockets) socket.close();
    this.sockets = [];
  }

  private async open(at: Endpoint): Promise<Endpoint> {
    try {
      const { local } = await this.add(at);
      // A socket of IPv6 keeps to IPv6; without one for IPv4, peers there are reached by TCP alone.
      if (at.host === '::') await this.add({ host: '0.0.0.0', port: local.port }).catch(() => {});
      return local;
    } catch (error) {
      this.binding = undefined; // it may be tried elsewhere
      throw error;
    }
  }

  private async add(at: Endpoint): Promise<DatagramSocket> {
    const socket = await this.network.bindDatagram(at, (bytes, from) => this.take(bytes, from, at.host));
    if (this.closed) socket.close();
    else this.sockets.push(socket);
    return socket;
  }

  private take(bytes: Uint8Array, from: Endpoint, host: string): void {
    if (bytes[0] === DICTIONARY) this.dht.get(host)?.(bytes, from);
    else this.onUtp?.(bytes, from);
  }
}
