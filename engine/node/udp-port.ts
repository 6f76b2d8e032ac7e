import type { DatagramSocket, Endpoint, Network } from '../runtime/port.ts';

/** Takes a datagram; it may keep the bytes. */
export type DatagramTaker = (bytes: Uint8Array, from: Endpoint) => void;

/** BEP 5: every message of the DHT is a bencoded dictionary. A packet of uTP (BEP 29) begins with type and version 1. */
const DICTIONARY = 0x64; // "d"

const NOWHERE: Endpoint = { host: '', port: 0 };

/**
 * The one UDP port of a shard, shared by uTP and DHT: what begins as a bencoded dictionary is for the DHT, all else
 * for uTP. It can be handed out before it is bound; until then nothing is sent.
 */
export class UdpPort {
  private readonly network: Pick<Network, 'bindDatagram'>;
  private socket: DatagramSocket | undefined;
  private binding: Promise<Endpoint> | undefined;
  private closed = false;
  /** Who gets messages of the DHT, and who everything else. */
  onDht: DatagramTaker | undefined;
  onUtp: DatagramTaker | undefined;

  constructor(modules: { readonly network: Pick<Network, 'bindDatagram'> }) {
    this.network = modules.network;
  }

  /** Where it is bound; port 0 until then. */
  get local(): Endpoint {
    return this.socket?.local ?? NOWHERE;
  }

  /** Bytes sent that the system has not taken yet. */
  get queuedBytes(): number {
    return this.socket?.queuedBytes ?? 0;
  }

  /** Binds it, once: later calls give the same answer, whatever they ask. Rejects as `Network.bindDatagram` does. */
  bind(at: Endpoint): Promise<Endpoint> {
    this.binding ??= this.open(at);
    return this.binding;
  }

  /** `bytes` may be used again once {@link queuedBytes} is 0. */
  send(bytes: Uint8Array, to: Endpoint): void {
    this.socket?.send(bytes, to);
  }

  close(): void {
    this.closed = true;
    this.socket?.close();
    this.socket = undefined;
  }

  private async open(at: Endpoint): Promise<Endpoint> {
    try {
      const socket = await this.network.bindDatagram(at, (bytes, from) => this.take(bytes, from));
      if (this.closed) socket.close();
      else this.socket = socket;
      return socket.local;
    } catch (error) {
      this.binding = undefined; // it may be tried elsewhere
      throw error;
    }
  }

  private take(bytes: Uint8Array, from: Endpoint): void {
    if (bytes[0] === DICTIONARY) this.onDht?.(bytes, from);
    else this.onUtp?.(bytes, from);
  }
}
