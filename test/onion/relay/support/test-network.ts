import { generateKeyPairSync } from 'node:crypto';
import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import { scratchOffset } from '../../../../engine/kernels/memory-map.ts';
import { type CompiledKernels, compileKernels, loadKernels } from '../../../../engine/kernels/module.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import { makeEd25519KeyPair } from '../../../../engine/onion/crypto/ed25519.ts';
import {
  type LinkOutfit,
  makeLinkOutfit,
  makeSigningCert,
} from '../../../../engine/onion/crypto/link-credentials.ts';
import { rsaFingerprint } from '../../../../engine/onion/crypto/rsa-key.ts';
import { X25519Key } from '../../../../engine/onion/crypto/x25519.ts';
import type { OnionRelayOptions } from '../../../../engine/onion/relay/options.ts';
import { OnionRelay, type OnionRelayModules } from '../../../../engine/onion/relay/relay.ts';
import type { Endpoint, Runtime } from '../../../../engine/runtime/port.ts';

/** How to reach a relay and make circuits with it. */
export interface RelayPlace {
  readonly endpoint: Endpoint;
  readonly fingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  /** Public. */
  readonly onionKey: Uint8Array;
}

/** A relay that runs. */
export interface RunningRelay {
  readonly relay: OnionRelay;
  readonly slab: Slab;
  readonly place: RelayPlace;
  readonly onionPrivateKey: Uint8Array;
}

/** Fits a relay of tests. */
export const SMALL_LIMITS = { circuitsMax: 64, keyStreamCells: 8 };

let compiled: CompiledKernels | undefined;

/** A slab with kernels of its own, as a process has. */
export function makeMemory(slotCount: number) {
  const slab = new Slab({ slotCount, threadCountMax: 1 });
  compiled ??= compileKernels();
  const at = scratchOffset(slab.takeThread());
  const kernels = loadKernels({ memory: slab.memory, scratchOffset: at, compiled });
  return { slab, kernels };
}

interface Persona {
  readonly link: LinkOutfit;
  readonly ed25519Id: Uint8Array;
}

const PERSONAS = new Map<string, Persona>();

/** One for each simulated host: making its keys takes longer than most tests, and time begins anew in each world. */
function personaOf(host: string, { random, clock }: Runtime): Persona {
  const known = PERSONAS.get(host);
  if (known !== undefined) return known;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsaPrivateKeyDer = new Uint8Array(privateKey.export({ type: 'pkcs1', format: 'der' }));
  const identity = makeEd25519KeyPair(random);
  const signing = makeEd25519KeyPair(random);
  const nowMs = clock.wallClock();
  const expirationHours = Math.ceil(nowMs / 3_600_000) + 24;
  const signingCert = makeSigningCert(identity.seed, { signingKey: signing.publicKey, expirationHours });
  const keys = { rsaPrivateKeyDer, identity: identity.publicKey, signingSeed: signing.seed, signingCert };
  const persona = { link: makeLinkOutfit({ ...keys, nowMs }, { random }), ed25519Id: identity.publicKey };
  if (host !== '127.0.0.1') PERSONAS.set(host, persona);
  return persona;
}

/** Makes and starts a relay; everything about it can be said differently. */
export async function startRelay(
  runtime: Runtime,
  host: string,
  options: Partial<OnionRelayOptions> & { readonly slotCount?: number } = {},
  modules: Partial<OnionRelayModules> = {},
): Promise<RunningRelay> {
  const { link, ed25519Id } = personaOf(host, runtime);
  const onionPrivateKey = runtime.random.bytes(32).slice();
  const fingerprint = rsaFingerprint(link.credentials.rsaIdentityDer);
  const memory = makeMemory(options.slotCount ?? 400);
  const relay = new OnionRelay(
    {
      fingerprint,
      ed25519Id,
      onionKeys: [onionPrivateKey],
      link,
      listen: { host, port: 0 },
      hosts: [host],
      allowPrivateAddresses: true,
      exitPolicy: { rules: [] },
      ...options,
      limits: { ...SMALL_LIMITS, ...options.limits },
    },
    { runtime, ...memory, choice: choiceOfOne('native'), ...modules },
  );
  await relay.start();
  const place = {
    endpoint: { host, port: relay.local!.port },
    fingerprint,
    ed25519Id,
    onionKey: new X25519Key(onionPrivateKey).publicKey,
  };
  return { relay, slab: memory.slab, place, onionPrivateKey };
}
