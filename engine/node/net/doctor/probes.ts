import { setTimeout as sleep } from 'node:timers/promises';
import { AlliumError } from '../../../codec/error.ts';
import type { Endpoint, Network, StreamHandler } from '../../../runtime/port.ts';
import type { Witnesses, WitnessName } from './witnesses.ts';

const PATIENCE_MS = 2_000;
/** RFC 2606: nobody has it. */
const NAME = 'tracker.leak-test.invalid';

/** One way in which a node reaches others. */
export interface Probe {
  readonly name: string;
  /** Who would see it. */
  readonly witness: WitnessName;
  /** Tries it; resolves when it has had its time, with the code of a refusal or the empty text. */
  run(network: Network, witnesses: Witnesses): Promise<string>;
}

/** A ping of BEP 5, a SYN of BEP 29, a connect of BEP 15. */
const DHT_PING = Buffer.from('d1:ad2:id20:leak-test-leak-test-e1:q4:ping1:t2:aa1:y1:qe');
const UTP_SYN = Buffer.from(`4100${'00'.repeat(18)}`, 'hex');
const TRACKER_CONNECT = Buffer.from('000004172710198000000000000000aa', 'hex');

/** Every way there is out of a node. */
export const PROBES: readonly Probe[] = [
  { name: 'peer over TCP', witness: 'peer', run: (network, { by }) => dial(network, by.peer.at) },
  { name: 'peer over uTP', witness: 'utp', run: (network, { by }) => send(network, UTP_SYN, by.utp.at) },
  { name: 'DHT', witness: 'dht', run: (network, { by }) => send(network, DHT_PING, by.dht.at) },
  {
    name: 'HTTP tracker',
    witness: 'httpTracker',
    run: (network, { by }) => fetchFrom(network, by.httpTracker.at),
  },
  {
    name: 'UDP tracker',
    witness: 'udpTracker',
    run: (network, { by }) => send(network, TRACKER_CONNECT, by.udpTracker.at),
  },
  {
    name: 'name of an HTTP tracker',
    witness: 'names',
    run: (network, { by }) => fetchFrom(network, { host: NAME, port: by.httpTracker.at.port }),
  },
  {
    name: 'name of a UDP tracker',
    witness: 'names',
    run: (network) => codeOf(network.lookup(NAME)),
  },
  {
    name: 'text records of a name',
    witness: 'names',
    run: (network) => codeOf(network.lookupText(NAME)),
  },
];

async function dial(network: Network, to: Endpoint): Promise<string> {
  const target = new Uint8Array(256);
  return new Promise((resolve) => {
    const owner: StreamHandler = {
      onOpen: () => stream.write(Buffer.from('\x13BitTorrent protocol', 'latin1')),
      readTarget: () => target,
      onRead() {},
      onDrain() {},
      onClose: (end) => resolve(end.kind === 'ended' ? '' : end.code || end.kind),
    };
    const stream = network.connect(to, owner, { timeoutMs: PATIENCE_MS });
    void sleep(PATIENCE_MS, undefined, { ref: false }).then(() => stream.destroy());
  });
}

async function send(network: Network, bytes: Uint8Array, to: Endpoint): Promise<string> {
  try {
    const socket = await network.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {});
    socket.send(bytes, to);
    await sleep(200); // until it has come, or not
    socket.close();
    return '';
  } catch (error) {
    return codeText(error);
  }
}

function fetchFrom(network: Network, { host, port }: Endpoint): Promise<string> {
  const url = `http://${host}:${port}/announce`;
  return codeOf(network.http({ url, timeoutMs: PATIENCE_MS, maxBytes: 4096 }));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return '';
  } catch (error) {
    return codeText(error);
  }
}

function codeText(error: unknown): string {
  if (error instanceof AlliumError) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
}
