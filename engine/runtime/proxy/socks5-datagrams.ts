import { AlliumError } from '../../codec/error.ts';
import type { ByteStream, DatagramSocket, Endpoint, Network, StreamHandler } from '../port.ts';
import { readSocksAddress, socksAddress } from './socks5-talk.ts';
import type { ProxyRefusal } from './types.ts';

/** RFC 1928, section 7: two reserved bytes and the number of a fragment. */
const HEAD_BYTES = 3;

export interface AssociateOptions {
  readonly at: Endpoint;
  readonly proxy: Endpoint;
}

export interface AssociateModules {
  readonly network: Network;
  /** Asks the proxy for an association; the stream it is asked over stays open as long as the association lasts. */
  readonly ask: (
    owner: StreamHandler,
    onBound: (bound: Endpoint | undefined) => void,
    onRefused: (refusal: ProxyRefusal) => void,
  ) => ByteStream;
}

/**
 * A datagram socket whose datagrams all go through a SOCKS5 proxy (UDP ASSOCIATE). When the proxy lets go of it, it
 * sends nothing more. Rejects with NETWORK_FAILED where the proxy does not carry datagrams.
 */
export async function associate(
  options: AssociateOptions,
  modules: AssociateModules,
  onMessage: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<DatagramSocket> {
  const control = await openControl(options, modules);
  const isV6 = control.relay.host.includes(':');
  let isOpen = true;
  try {
    const socket = await modules.network.bindDatagram(
      // Outgoing only: the port is known to the proxy alone.
      { host: isV6 ? '::' : '0.0.0.0', port: 0 },
      (bytes, from) => {
        if (!isOpen || from.host !== control.relay.host || from.port !== control.relay.port) return;
        const address = bytes[2] === 0 ? readSocksAddress(bytes, HEAD_BYTES) : undefined;
        if (typeof address === 'object') onMessage(bytes.subarray(address.end), address.endpoint);
      },
    );
    control.onGone = () => {
      isOpen = false;
      socket.close();
    };
    if (control.isGone) control.onGone();
    return {
      local: socket.local,
      get queuedBytes() {
        return socket.queuedBytes;
      },
      send(bytes, to) {
        if (isOpen)
          socket.send(Buffer.concat([Uint8Array.of(0, 0, 0), socksAddress(to), bytes]), control.relay);
      },
      close: () => control.stream.destroy(),
    };
  } catch (error) {
    control.stream.destroy();
    throw error;
  }
}

interface Control {
  readonly stream: ByteStream;
  readonly relay: Endpoint;
  isGone: boolean;
  onGone: () => void;
}

function openControl(options: AssociateOptions, modules: AssociateModules): Promise<Control> {
  return new Promise((resolve, reject) => {
    let control: Control | undefined;
    let reason = 'it cannot be reached';
    const target = new Uint8Array(64); // nothing more is expected from it
    const owner: StreamHandler = {
      onOpen() {},
      readTarget: () => target,
      onRead() {},
      onDrain() {},
      onClose(end) {
        if (control === undefined) {
          reject(
            new AlliumError('NETWORK_FAILED', `the proxy carries no datagrams: ${reason}`, {
              details: { code: end.code },
            }),
          );
        } else {
          control.isGone = true;
          control.onGone();
        }
      },
    };
    const stream = modules.ask(
      owner,
      (bound) => {
        const host = bound === undefined || isAny(bound.host) ? options.proxy.host : bound.host;
        control = {
          ...{ stream, isGone: false, onGone: () => {} },
          relay: { host, port: bound?.port ?? 0 },
        };
        resolve(control);
      },
      (refusal) => {
        reason = refusal.message;
      },
    );
  });
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
