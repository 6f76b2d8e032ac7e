import { generateKeyPairSync } from 'node:crypto';
import { makeEd25519KeyPair } from '../../../engine/onion/crypto/ed25519.ts';
import {
  type LinkOutfit,
  makeLinkOutfit,
  makeSigningCert,
} from '../../../engine/onion/crypto/link-credentials.ts';
import { rsaFingerprint } from '../../../engine/onion/crypto/rsa-key.ts';
import type { LinkTls } from '../../../engine/onion/link/handshake.ts';
import type {
  CellBatch,
  ChannelEnd,
  ChannelHandler,
  ControlCell,
  LinkPeer,
} from '../../../engine/onion/link/types.ts';
import type { Random } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

/** A relay as tests need it. */
export interface TestRelay extends LinkOutfit {
  readonly rsaFingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  readonly signingSeed: Uint8Array;
}

const HOUR_MS = 3_600_000;

/** Makes a relay whose certificates are valid now (`nowMs`, Unix milliseconds) and for a day. */
export function makeRelay(nowMs: number, random: Random = seededRandom(1)): TestRelay {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsaPrivateKeyDer = new Uint8Array(privateKey.export({ type: 'pkcs1', format: 'der' }));
  const identity = makeEd25519KeyPair(random);
  const signing = makeEd25519KeyPair(random);
  const expirationHours = Math.ceil(nowMs / HOUR_MS) + 24;
  const outfit = makeLinkOutfit(
    {
      rsaPrivateKeyDer,
      identity: identity.publicKey,
      signingSeed: signing.seed,
      signingCert: makeSigningCert(identity.seed, { signingKey: signing.publicKey, expirationHours }),
      nowMs,
    },
    { random },
  );
  return {
    ...outfit,
    rsaFingerprint: rsaFingerprint(outfit.credentials.rsaIdentityDer),
    ed25519Id: identity.publicKey,
    signingSeed: signing.seed,
  };
}

/** The two ends of a TLS connection to `relay`, without the connection. */
export function tlsEnds(relay: TestRelay): { readonly caller: LinkTls; readonly callee: LinkTls } {
  const none = new Uint8Array(0);
  const certificate = relay.tls.certificateDer;
  const exportKeyingMaterial = (byteLength: number, label: string, context: Uint8Array): Uint8Array =>
    Uint8Array.from({ length: byteLength }, (_, i) => label.charCodeAt(i % label.length) ^ (context[i] ?? 0));
  return {
    caller: { ownCertificate: none, peerCertificate: certificate, exportKeyingMaterial },
    callee: { ownCertificate: certificate, peerCertificate: none, exportKeyingMaterial },
  };
}

/** An owner of a channel that writes down what it gets. */
export class ChannelRecorder implements ChannelHandler {
  readonly slab: Uint8Array;
  readonly cells: Uint8Array[] = [];
  /** `cells 3`, `control 10`, `open`, …: in the order they came. */
  readonly events: string[] = [];
  readonly controls: { readonly circuitId: number; readonly command: number; readonly body: Uint8Array }[] =
    [];
  peer: LinkPeer | undefined;
  end: ChannelEnd | undefined;
  writables = 0;
  keepCells = true;
  cellCount = 0;
  onBatch: ((batch: CellBatch) => void) | undefined;

  constructor(slab: Uint8Array) {
    this.slab = slab;
  }

  onOpen(peer: LinkPeer): void {
    this.peer = peer;
    this.events.push('open');
  }

  onCells(batch: CellBatch): void {
    this.events.push(`cells ${batch.count}`);
    this.cellCount += batch.count;
    for (let i = 0; i < batch.count && this.keepCells; i++) {
      const at = batch.offsets[i]!;
      this.cells.push(this.slab.slice(at, at + 514));
    }
    this.onBatch?.(batch);
  }

  onControl({ circuitId, command, body }: ControlCell): void {
    this.events.push(`control ${command}`);
    this.controls.push({ circuitId, command, body: body.slice() });
  }

  onWritable(): void {
    this.writables++;
  }

  onClose(end: ChannelEnd): void {
    this.events.push('close');
    this.end = end;
  }
}

/** A fixed cell. */
export function cell(circuit: number, command: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(514).fill(fill);
  new DataView(bytes.buffer).setUint32(0, circuit);
  bytes[4] = command;
  return bytes;
}

/** A variable cell with a 4-byte circuit number. */
export function variable(command: number, byteLength: number, fill = 0): Uint8Array {
  const bytes = new Uint8Array(7 + byteLength).fill(fill);
  bytes.fill(0, 0, 4);
  bytes[4] = command;
  bytes[5] = byteLength >> 8;
  bytes[6] = byteLength;
  return bytes;
}
