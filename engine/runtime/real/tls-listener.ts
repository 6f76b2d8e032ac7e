import net from 'node:net';
import type { StreamHandler, TlsListener, TlsListenOptions, TlsStream } from '../port.ts';
import { toEndpoint } from './endpoint.ts';
import { bindError } from './network-error.ts';
import type { RealStreamModules, RealStreamOptions } from './stream.ts';
import { acceptTls } from './tls-acceptor.ts';

/** Listens for TLS connections; `accept` names the owner of each whose TLS handshake succeeds. */
export function listenTls(
  options: TlsListenOptions & RealStreamOptions,
  modules: RealStreamModules,
  accept: (stream: TlsStream) => StreamHandler | undefined,
): Promise<TlsListener> {
  const acceptor = acceptTls(options, modules, accept);
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, acceptor.take);
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
        setIdentity: acceptor.setIdentity,
        // Node's own callback would wait for the streams, which live on. The port is free at once.
        async close() {
          server.close();
        },
      });
    });
  });
}
