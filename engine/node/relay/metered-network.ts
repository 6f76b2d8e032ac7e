import type { Network } from '../../runtime/port.ts';
import { MeteredStream, MeteredTlsStream } from './metered-stream.ts';
import type { TrafficGate } from './traffic-gate.ts';

/** A network whose streams all go through one gate: what a relay moves on its links and at its exits. */
export function meterNetwork(network: Network, gate: TrafficGate): Network {
  return {
    bindDatagram: (at, onMessage) => network.bindDatagram(at, onMessage),
    lookup: (name) => network.lookup(name),
    lookupText: (name) => network.lookupText(name),
    http: (request) => network.http(request),
    connect(to, handler, options) {
      const metered = new MeteredStream(gate);
      metered.setOwner(handler);
      metered.attach(network.connect(to, metered, options), handler);
      return metered;
    },
    connectTls(to, handler, options) {
      const metered = new MeteredTlsStream(gate);
      metered.setOwner(handler);
      metered.attach(network.connectTls(to, metered, options), handler);
      return metered;
    },
    listen: (at, accept) =>
      network.listen(at, (stream) => {
        const metered = new MeteredStream(gate);
        metered.attach(stream, undefined);
        const owner = accept(metered);
        if (owner === undefined) return undefined;
        metered.setOwner(owner);
        return metered;
      }),
    listenTls: (at, accept) =>
      network.listenTls(at, (stream) => {
        const metered = new MeteredTlsStream(gate);
        metered.attach(stream, undefined);
        const owner = accept(metered);
        if (owner === undefined) return undefined;
        metered.setOwner(owner);
        return metered;
      }),
  };
}
