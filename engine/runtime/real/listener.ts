import net from 'node:net';
import type { ByteStream, Listener, ListenOptions, StreamHandler } from '../port.ts';
import { toEndpoint } from './endpoint.ts';
import { bindError } from './network-error.ts';
import { RealStream, type RealStreamModules, type RealStreamOptions } from './stream.ts';

/** Listens for TCP connections; `accept` names the owner of each. */
export function listenTcp(
  options: ListenOptions & RealStreamOptions,
  modules: RealStreamModules,
  accept: (stream: ByteStream) => StreamHandler | undefined,
): Promise<Listener> {
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy(); // gone before we looked
      return;
    }
    const stream = new RealStream(socket, toEndpoint(remoteAddress, remotePort), options, modules);
    const handler = accept(stream);
    if (handler === undefined) stream.destroy();
    else stream.open(handler);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, options)));
    const { host, port, backlog } = options;
    server.listen(backlog === undefined ? { host, port } : { host, port, backlog }, () => {
      server.removeAllListeners('error');
      // Accepting can fail later, out of descriptors for one: that connection is lost, the listener goes on.
      server.on('error', () => {});
      const at = server.address() as net.AddressInfo;
      resolve({ local: toEndpoint(at.address, at.port), close: () => closeServer(server) });
    });
  });
}

/** Node's own callback would wait for the streams, which live on. The port is free when `close` returns. */
async function closeServer(server: net.Server): Promise<void> {
  server.close();
}
