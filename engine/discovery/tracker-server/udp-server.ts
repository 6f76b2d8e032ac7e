import type { DatagramSocket, Endpoint, Network } from '../../runtime/port.ts';
import type { UdpResponder } from './udp-responder.ts';

/** Answers trackers' datagrams (BEP 15) at one address. Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
export async function serveUdpTracker(
  at: Endpoint,
  modules: { readonly network: Network; readonly responder: UdpResponder },
): Promise<DatagramSocket> {
  const { network, responder } = modules;
  const socket = await network.bindDatagram(at, (bytes, from) => {
    const answer = responder.answer(bytes, from);
    // A copy, as the socket may send it after the next answer has been made; from Node's pool, which is quicker than memory
    // of its own.
    if (answer !== undefined) socket.send(Buffer.from(answer), from);
  });
  return socket;
}
