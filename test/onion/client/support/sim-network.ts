import type { DirectoryAuthority } from '../../../../engine/onion/directory/authority-types.ts';
import { encodeHex } from '../../../../engine/onion/directory/text.ts';
import type { RelayLimits } from '../../../../engine/onion/relay/options.ts';
import type { ByteStream, Endpoint, StreamHandler } from '../../../../engine/runtime/port.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../../engine/runtime/sim/world.ts';
import { type RunningRelay, startRelay } from '../../relay/support/test-network.ts';
import {
  answerDirectory,
  type DirectoryDocuments,
  type ListedRelay,
  makeAuthorities,
  makeConsensus,
  makeDocuments,
  type TestAuthority,
} from './directory-documents.ts';

const PROTOCOLS =
  'Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 Link=4-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6';
/** Outside of every private network, so that no client refuses it. */
export const ORIGIN: Endpoint = { host: '93.184.0.9', port: 80 };

/** A relay of a simulated network. */
export interface SimRelay extends RunningRelay {
  readonly host: SimHost;
  readonly listed: ListedRelay;
}

/** Relays, authorities and a web server in a simulated world. */
export interface SimNetwork {
  readonly world: SimWorld;
  readonly relays: readonly SimRelay[];
  readonly signers: readonly TestAuthority[];
  /** As a client is configured. */
  readonly authorities: readonly DirectoryAuthority[];
  readonly documents: DirectoryDocuments;
  /** Lets time pass until it holds; throws when it does not within so much virtual time. */
  until(what: string, condition: () => boolean, forMs?: number): Promise<void>;
  /** Waits for a promise. */
  wait<T>(what: string, promise: Promise<T>, forMs?: number): Promise<T>;
  /** The relay with that fingerprint. */
  find(fingerprint: string | undefined): SimRelay;
  /** Stops relays that run; all their memory must be back. */
  stop(): Promise<void>;
}

export interface SimNetworkOptions {
  readonly seed?: number;
  readonly relays?: number;
  /** How many of them are exits (the last ones). */
  readonly exits?: number;
  readonly freshMs?: number;
  readonly limits?: Partial<RelayLimits>;
}

/** Three authorities that sign, and relays that all have the documents. The first three relays are where clients ask. */
export async function simNetwork(options: SimNetworkOptions = {}): Promise<SimNetwork> {
  const { relays: relayCount = 6, exits = 3, seed = 1, freshMs } = options;
  const world = new SimWorld({ seed });
  let documents: DirectoryDocuments | undefined;
  const relays: SimRelay[] = [];
  for (let i = 0; i < relayCount; i++) {
    const address = `5.${i + 1}.0.1`;
    const host = world.host({
      address,
      access: { latencyMs: 5, jitterMs: 0, lossRate: 0 },
      upBytesPerSec: 20e6,
      downBytesPerSec: 20e6,
    });
    const running = await startRelay(
      host.runtime,
      address,
      { slotCount: 300, ...(options.limits && { limits: options.limits }) },
      {
        directory: (request) => answerDirectory(documents!, request, host.runtime.clock.wallClock()),
        resolver: {
          addresses: async (name) =>
            name === 'nobody.test' ? [] : [{ kind: 'ipv4', value: ORIGIN.host, ttlSec: 60 }],
          names: async () => [{ kind: 'name', value: 'origin.test', ttlSec: 60 }],
        },
      },
    );
    const isExit = i >= relayCount - exits;
    const { endpoint, fingerprint, ed25519Id, onionKey } = running.place;
    relays.push({
      ...running,
      host,
      listed: {
        nickname: `relay${i}`,
        fingerprint,
        ed25519Id,
        onionKey,
        host: address,
        orPort: endpoint.port,
        flags: `${isExit ? 'Exit ' : ''}Fast Guard Running Stable V2Dir Valid`,
        policy: isExit ? 'accept 1-65535' : undefined,
        protocols: PROTOCOLS,
      },
    });
  }
  const nowMs = relays[0]!.host.runtime.clock.wallClock();
  const signers = makeAuthorities(nowMs, seed);
  const listed = relays.map((relay) => relay.listed);
  const consensus = makeConsensus(listed, signers, { nowMs, ...(freshMs !== undefined && { freshMs }) });
  documents = makeDocuments(listed, signers, consensus);
  await serveOrigin(world);
  const until: SimNetwork['until'] = async (what, condition, forMs = 60_000) => {
    await world.run({ until: condition, forMs });
    if (!condition()) throw new Error(`seed ${seed}: in vain: ${what}`);
  };
  return {
    world,
    relays,
    signers,
    authorities: signers.map(({ v3ident }, i) => authorityOf(v3ident, relays[i]!.listed, i)),
    documents,
    until,
    async wait(what, promise, forMs) {
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
      };
      promise.then(settle, settle);
      await until(what, () => isSettled, forMs);
      return promise;
    },
    find(fingerprint) {
      const relay = relays.find(({ listed: one }) => encodeHex(one.fingerprint) === fingerprint);
      if (relay === undefined) throw new Error(`no relay ${fingerprint}`);
      return relay;
    },
    async stop() {
      for (const { relay } of relays) await relay.stop();
      await world.run({ forMs: 20_000 });
      for (const { slab } of relays) slab.assertAllReturned();
    },
  };
}

function authorityOf(v3ident: string, relay: ListedRelay, index: number): DirectoryAuthority {
  return {
    nickname: `auth${index}`,
    host: relay.host,
    dirPort: 0,
    orPort: relay.orPort,
    ipv6: undefined,
    v3ident,
    fingerprint: encodeHex(relay.fingerprint),
  };
}

/** Byte number `at` of what the origin sends. */
export function contentByte(at: number): number {
  return ((at * 31) ^ (at >>> 8) ^ (at >>> 16)) & 0xff;
}

/** The first bytes of what the origin sends. */
export function content(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, at) => contentByte(at));
}

/** Answers `GET /bytes/N` with N bytes, in parts as they are taken, then closes. */
async function serveOrigin(world: SimWorld): Promise<void> {
  const host = world.host({ address: ORIGIN.host });
  await host.runtime.network.listen({ host: ORIGIN.host, port: ORIGIN.port }, originHandler);
}

const PART_BYTES = 65_536;

function originHandler(stream: ByteStream): StreamHandler {
  const target = new Uint8Array(4096);
  let request = '';
  let left: number | undefined;
  let sent = 0;
  const send = (): void => {
    if (left === undefined) return;
    if (left === 0) {
      left = undefined;
      stream.end();
      return;
    }
    const part = Uint8Array.from({ length: Math.min(left, PART_BYTES) }, (_, at) => contentByte(sent + at));
    sent += part.length;
    left -= part.length;
    stream.write(part);
  };
  return {
    onOpen() {},
    readTarget: () => target,
    onRead(length) {
      request += Buffer.from(target.subarray(0, length)).toString('latin1');
      const asked = /^GET \/bytes\/(\d+) [\s\S]*\r\n\r\n$/.exec(request);
      if (asked === null || left !== undefined) return;
      left = Number(asked[1]);
      stream.write(Buffer.from(`HTTP/1.0 200 OK\r\nContent-Length: ${left}\r\n\r\n`));
    },
    onDrain: send,
    onClose() {},
  };
}
