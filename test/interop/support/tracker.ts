import { createServer, type Server } from 'node:http';

/** One announce as it came in. */
export interface Announce {
  /** The 20 bytes of the info-hash, hexadecimal. */
  readonly infoHash: string;
  readonly port: number;
  readonly event: string;
  readonly left: number;
  readonly uploaded: number;
  readonly downloaded: number;
}

/** A tracker on 127.0.0.1 that tells each peer the ports of all others of its torrent. BEP 3, BEP 23. */
export class Tracker {
  /** For the `announce` key of a torrent. */
  readonly url: string;
  readonly announces: Announce[] = [];
  readonly #server: Server;
  readonly #ports: Map<string, Set<number>>;

  private constructor(server: Server, port: number, ports: Map<string, Set<number>>) {
    this.#server = server;
    this.#ports = ports;
    this.url = `http://127.0.0.1:${port}/announce`;
  }

  static async start(intervalSeconds = 2): Promise<Tracker> {
    const ports = new Map<string, Set<number>>();
    let tracker: Tracker | undefined;
    const server = createServer((incoming, response) => {
      const announce = parseAnnounce(incoming.url ?? '');
      tracker?.announces.push(announce);
      const swarm = ports.get(announce.infoHash) ?? new Set();
      ports.set(announce.infoHash, swarm);
      if (announce.event === 'stopped') swarm.delete(announce.port);
      else swarm.add(announce.port);
      response.end(answer(swarm, announce.port, intervalSeconds));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    tracker = new Tracker(server, address.port, ports);
    return tracker;
  }

  /** Tells others of a peer that does not announce itself. */
  know(infoHash: string, port: number): void {
    const swarm = this.#ports.get(infoHash) ?? new Set();
    this.#ports.set(infoHash, swarm.add(port));
  }

  /** The ports that have announced this torrent. */
  portsOf(infoHash: string): readonly number[] {
    return [...(this.#ports.get(infoHash) ?? [])];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function parseAnnounce(url: string): Announce {
  // The info-hash is raw bytes, percent-encoded: no text encoding may touch it.
  const query = new Map(
    (url.split('?')[1] ?? '').split('&').map((pair): [string, string] => {
      const [key = '', value = ''] = pair.split('=', 2);
      return [key, value];
    }),
  );
  const number = (key: string): number => Number(query.get(key) ?? 0);
  return {
    infoHash: percentBytes(query.get('info_hash') ?? '').toString('hex'),
    port: number('port'),
    event: query.get('event') ?? '',
    left: number('left'),
    uploaded: number('uploaded'),
    downloaded: number('downloaded'),
  };
}

function percentBytes(text: string): Buffer {
  const latin1 = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(latin1, 'latin1');
}

function answer(swarm: ReadonlySet<number>, asking: number, intervalSeconds: number): Buffer {
  const others = [...swarm].filter((port) => port !== asking);
  const compact = Buffer.from(others.flatMap((port) => [127, 0, 0, 1, port >> 8, port & 255]));
  const head = `d8:intervali${intervalSeconds}e12:min intervali1e5:peers${compact.length}:`;
  return Buffer.concat([Buffer.from(head), compact, Buffer.from('e')]);
}
