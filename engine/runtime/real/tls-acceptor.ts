import type net from 'node:net';
import type { StreamHandler, TlsIdentity, TlsListenOptions, TlsStream } from '../port.ts';
import { toEndpoint } from './endpoint.ts';
import { HandshakeRoom } from './handshake-room.ts';
import type { RealStreamModules, RealStreamOptions } from './stream.ts';
import { tlsContext } from './tls-context.ts';
import { RealTlsStream } from './tls-stream.ts';

const HANDSHAKES_MAX = 1024;
const HANDSHAKES_PER_HOST_MAX = 128;

/** What is done with connections that came in, wherever they were accepted. */
export type TlsAcceptOptions = Omit<TlsListenOptions, 'host' | 'port' | 'backlog'>;

/** Makes TLS streams of connections that callers have made. */
export interface TlsAcceptor {
  /** Takes a connection that has read nothing yet; one whose handshake takes long may have to go for it. */
  take(socket: net.Socket): void;
  /** For connections from now on. */
  setIdentity(identity: TlsIdentity): void;
}

/** `accept` names the owner of each connection whose TLS handshake succeeds. */
export function acceptTls(
  options: TlsAcceptOptions & RealStreamOptions,
  modules: RealStreamModules,
  accept: (stream: TlsStream) => StreamHandler | undefined,
): TlsAcceptor {
  let { identity } = options;
  let secureContext = tlsContext(identity);
  const room = new HandshakeRoom({
    handshakesMax: options.handshakesMax ?? HANDSHAKES_MAX,
    handshakesPerHostMax: options.handshakesPerHostMax ?? HANDSHAKES_PER_HOST_MAX,
  });
  return {
    take(socket) {
      const { remoteAddress, remotePort } = socket;
      if (remoteAddress === undefined || remotePort === undefined) {
        socket.destroy();
        return;
      }
      const remote = toEndpoint(remoteAddress, remotePort);
      if (options.admit?.(remote) === false) {
        socket.destroy();
        return;
      }
      const { certificateDer } = identity;
      const how = { ...options, isServer: true, secureContext, ownCertificate: certificateDer };
      const stream = new RealTlsStream(socket, remote, how, modules);
      const over = room.enter(remote.host, () => stream.destroy());
      stream.limitOpening(options.handshakeTimeoutMs);
      stream.onGone(over);
      stream.prepare(socket, () => {
        over();
        const handler = accept(stream);
        if (handler === undefined) stream.destroy();
        else stream.open(handler);
      });
    },
    setIdentity(next) {
      secureContext = tlsContext(next);
      identity = next;
    },
  };
}
