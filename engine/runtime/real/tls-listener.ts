import net from 'node:net';
import type { StreamHandler, TlsListener, TlsListenOptions, TlsStream } from '../port.ts';
import { toEndpoint } from './endpoint.ts';
import { bindError } from './network-error.ts';
import type { RealStreamModules, RealStreamOptions } from './stream.ts';
import { tlsContext } from './tls-context.ts';
import { RealTlsStream } from './tls-stream.ts';

const HANDSHAKES_MAX = 1024;

/** Listens for TLS connections; `accept` names the owner of each whose TLS handshake succeeds. */
export function listenTls(
  options: TlsListenOptions & RealStreamOptions,
  modules: RealStreamModules,
  accept: (stream: TlsStream) => StreamHandler | undefined,
): Promise<TlsListener> {
  let { identity } = options;
  let secureContext = tlsContext(identity);
  let handshakes = 0;
  const handshakesMax = options.handshakesMax ?? HANDSHAKES_MAX;
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || handshakes >= handshakesMax) {
      socket.destroy();
      return;
    }
    const remote = toEndpoint(remoteAddress, remotePort);
    if (options.admit?.(remote) === false) {
      socket.destroy();
      return;
    }
    handshakes++;
    let ended = false;
    const over = (): void => {
      if (!ended) handshakes--;
      ended = true;
    };
    const { certificateDer } = identity;
    const how = { ...options, isServer: true, secureContext, ownCertificate: certificateDer };
    const stream = new RealTlsStream(socket, remote, how, modules);
    stream.limitOpening(options.handshakeTimeoutMs);
    stream.onGone(over);
    stream.prepare(socket, () => {
      over();
      const handler = accept(stream);
      if (handler === undefined) stream.destroy();
      else stream.open(handler);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, options)));
    const { host, port, backlog } = options;
    server.listen(backlog === undefined ? { host, port } : { host, port, backlog }, () => {
      server.removeAllListeners('error');
      // Accepting can fail later, out of descriptors for one: that connection is lost, the listener goes on.
      server.on('error', () => {});
      const at = server.address() as net.AddressInfo;
      resolve({
        local: toEndpoint(at.address, at.port),
        setIdentity(next) {
          secureContext = tlsContext(next);
          identity = next;
        },
        // Node's own callback would wait for the streams, which live on. The port is free at once.
        async close() {
          server.close();
        },
      });
    });
  });
}
