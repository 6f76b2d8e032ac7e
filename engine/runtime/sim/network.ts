import { AlliumError } from '../../codec/error.ts';
import type { ByteStream, ConnectOptions, Endpoint, Network, StreamHandler } from '../port.ts';
import { SimDatagramSocket } from './datagram.ts';
import { dial, isLiteral } from './dial.ts';
import { requestVirtual } from './http.ts';
import { SimListener, type SimTlsDoor } from './listener.ts';
import type { Machine } from './machine.ts';
import { joinSimGroup } from './multicast.ts';

/** Where ports chosen by the system start and end (Linux). */
const PORT_FIRST = 32768;
const PORT_LAST = 60999;

/** The network as one virtual machine sees it. */
export function createSimNetwork(machine: Machine): Network {
  let lastPort = PORT_FIRST - 1;
  const freePort = (taken: (port: number) => boolean): number => {
    for (let tries = PORT_FIRST; tries <= PORT_LAST; tries++) {
      lastPort = lastPort === PORT_LAST ? PORT_FIRST : lastPort + 1;
      if (!taken(lastPort)) return lastPort;
    }
    throw new AlliumError('NETWORK_FAILED', 'no free port');
  };
  const bindPort = (at: Endpoint, taken: ReadonlyMap<number, unknown>): number => {
    const { host } = machine;
    const own = ['0.0.0.0', '::', '127.0.0.1', '::1', 'localhost', host.address, ...host.names];
    const details = { host: at.host, port: at.port };
    const place = `${at.host} port ${at.port}`;
    if (!own.includes(at.host))
      throw new AlliumError('NETWORK_FAILED', `cannot listen on ${place}`, { details });
    if (at.port === 0) return freePort((port) => taken.has(port));
    if (taken.has(at.port)) throw new AlliumError('ADDRESS_IN_USE', `cannot listen on ${place}`, { details });
    return at.port;
  };
  return {
    connect(to: Endpoint, handler: StreamHandler, options: ConnectOptions): ByteStream {
      return dial(
        machine,
        freePort((port) => machine.listeners.has(port)),
        to,
        handler,
        options,
      );
    },
    async listen(at, accept) {
      const listener = new SimListener({ host: at.host, port: bindPort(at, machine.listeners) }, accept, {
        machine,
      });
      machine.listeners.set(listener.local.port, listener);
      return listener;
    },
    connectTls(to, handler, options) {
      const port = freePort((taken) => machine.listeners.has(taken));
      return dial(machine, port, to, handler, { ...options, tls: true });
    },
    async listenTls(at, accept) {
      const door: SimTlsDoor = { identity: at.identity, admit: at.admit ?? (() => true) };
      const local = { host: at.host, port: bindPort(at, machine.listeners) };
      const listener = new SimListener(local, accept, { machine, tls: door });
      machine.listeners.set(local.port, listener);
      return {
        local,
        setIdentity(identity) {
          door.identity = identity;
        },
        close: () => listener.close(),
      };
    },
    async bindDatagram(at, onMessage) {
      const local = { host: at.host, port: bindPort(at, machine.datagramSockets) };
      const socket = new SimDatagramSocket(local, onMessage, { machine });
      machine.datagramSockets.set(local.port, socket);
      return socket;
    },
    async lookup(name) {
      if (isLiteral(name)) return [name];
      const found = machine.world.find(name, machine.host);
      if (found !== undefined) return [found.address];
      throw new AlliumError('NETWORK_FAILED', `nobody is called ${name}`, { details: { name } });
    },
    lookupText: async (name) => machine.world.texts.get(name) ?? [],
    joinMulticast: async (group, _localHost, onMessage) => joinSimGroup(machine, group, onMessage),
    http: (request) => requestVirtual(machine, request),
  };
}
