import type { TlsKey } from '../../onion/crypto/link-certificates.ts';
import { type LinkOutfit, makeLinkOutfit } from '../../onion/crypto/link-credentials.ts';
import type { ConsensusParams } from '../../onion/flow/consensus-param.ts';
import type { Random } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import {
  type IdentityKeys,
  isRenewalDue,
  openIdentity,
  renewSigningKey,
  type SigningKey,
} from './identity-keys.ts';
import { makeRsaKeyLater, makeTlsKey, makeTlsKeyLater } from './key-codec.ts';
import type { KeyFolder } from './key-folder.ts';
import { type OnionKeyPair, OnionKeyStore, onionKeyTimes } from './onion-keys.ts';

const DAY_MS = 86_400_000;
/** Link certificates last two days; they are made anew after this time. */
export const LINK_RENEW_MS = DAY_MS;

export interface KeyKeeperOptions {
  readonly offlineMaster: boolean;
  readonly signingLifetimeMs: number;
}

/** What {@link KeyKeeper.tick} has done. */
export type KeyChange = 'signing' | 'link' | 'onion-rotated' | 'onion-forgotten';

/** The keys of a running relay, all of them, and their renewal in time. */
export class KeyKeeper {
  readonly #options: KeyKeeperOptions;
  readonly #folder: KeyFolder;
  readonly #random: Random;
  readonly #log: Log;
  readonly #onion: OnionKeyStore;
  #identity: IdentityKeys;
  #outfit: LinkOutfit;
  #outfitMs: number;
  #warnedMs = Number.NEGATIVE_INFINITY;
  /** Made ahead, so that {@link tick} need not wait for them. */
  #tlsKey: TlsKey | undefined;
  #tapKey: Uint8Array | undefined;

  /** Reads the keys, or makes those of a new relay. Throws as {@link openIdentity} and {@link KeyFolder}. */
  constructor(
    options: KeyKeeperOptions,
    modules: {
      readonly folder: KeyFolder;
      readonly random: Random;
      readonly log: Log;
      readonly nowMs: number;
    },
  ) {
    const { folder, nowMs } = modules;
    this.#options = options;
    this.#folder = folder;
    this.#random = modules.random;
    this.#log = modules.log;
    this.#identity = openIdentity(folder, { ...options, nowMs });
    this.#onion = OnionKeyStore.open(folder, nowMs);
    this.#outfit = this.#makeOutfit(nowMs);
    this.#outfitMs = nowMs;
  }

  get identity(): IdentityKeys {
    return this.#identity;
  }

  get onion(): OnionKeyPair {
    return this.#onion.keys;
  }

  get outfit(): LinkOutfit {
    return this.#outfit;
  }

  /** When what has to be renewed, Unix seconds. */
  expiry(params: ConsensusParams): Readonly<Record<'signing' | 'onion' | 'link', number>> {
    const onionMs = this.#onion.keys.current.createdMs + onionKeyTimes(params).rotationMs;
    const all = {
      signing: this.#identity.signing.expiresMs,
      onion: onionMs,
      link: this.#outfitMs + LINK_RENEW_MS,
    };
    return {
      signing: Math.floor(all.signing / 1000),
      onion: Math.floor(all.onion / 1000),
      link: Math.floor(all.link / 1000),
    };
  }

  /**
   * Makes what {@link tick} will need now, in another thread: RSA keys take a tenth of a second, in which no cell would
   * move. To be waited for before each tick. Rejects when a key cannot be made.
   */
  async prepare(params: ConsensusParams, nowMs: number): Promise<void> {
    const { expiresMs } = this.#identity.signing;
    const isLinkDue =
      isRenewalDue(expiresMs, this.#options.signingLifetimeMs, nowMs) || this.#isOutfitOld(nowMs);
    if (isLinkDue) this.#tlsKey ??= await makeTlsKeyLater();
    if (this.#onion.stepOf(onionKeyTimes(params), nowMs) === 'rotate')
      this.#tapKey ??= await makeRsaKeyLater();
  }

  /** To be called every minute or so; throws when a new key cannot be written. */
  tick(params: ConsensusParams, nowMs: number): readonly KeyChange[] {
    const changes: KeyChange[] = [];
    const { signingLifetimeMs } = this.#options;
    if (isRenewalDue(this.#identity.signing.expiresMs, signingLifetimeMs, nowMs)) {
      const signing = this.#renewSigning(nowMs);
      if (signing !== undefined) {
        this.#identity = { ...this.#identity, signing };
        changes.push('signing');
      }
    }
    if (changes.length > 0 || this.#isOutfitOld(nowMs)) {
      this.#outfit = this.#makeOutfit(nowMs);
      this.#outfitMs = nowMs;
      changes.push('link');
    }
    const step = this.#onion.advance(onionKeyTimes(params), nowMs, this.#tapKey);
    if (step === 'rotate') {
      this.#tapKey = undefined;
      changes.push('onion-rotated');
    }
    if (step === 'forget-previous') changes.push('onion-forgotten');
    return changes;
  }

  /** Undefined: the master key is elsewhere, and the operator has to do it. Brought keys are taken up. */
  #renewSigning(nowMs: number): SigningKey | undefined {
    if (this.#identity.hasMaster) {
      return renewSigningKey(this.#folder, { ...this.#options, nowMs });
    }
    const brought = this.#readBrought(nowMs);
    if (brought !== undefined && brought.expiresMs > this.#identity.signing.expiresMs) return brought;
    if (nowMs - this.#warnedMs < DAY_MS) return undefined;
    this.#warnedMs = nowMs;
    const leftMs = this.#identity.signing.expiresMs - nowMs;
    const days = Math.max(0, Math.floor(leftMs / DAY_MS));
    const message =
      'the signing key expires; make a new one with “allium relay keygen” where the master key is';
    if (leftMs > 0) this.#log.warn(message, { days });
    else this.#log.error(message, { days });
    return undefined;
  }

  #readBrought(nowMs: number): SigningKey | undefined {
    try {
      return openIdentity(this.#folder, { ...this.#options, nowMs }).signing;
    } catch {
      // The relay goes on with what it has; the warning says what to do.
      return undefined;
    }
  }

  #isOutfitOld(nowMs: number): boolean {
    return Math.abs(nowMs - this.#outfitMs) >= LINK_RENEW_MS;
  }

  #makeOutfit(nowMs: number): LinkOutfit {
    const tlsKey = this.#tlsKey ?? makeTlsKey();
    this.#tlsKey = undefined;
    const { rsaPrivateKey, ed25519Id, signing } = this.#identity;
    return makeLinkOutfit(
      {
        rsaPrivateKeyDer: rsaPrivateKey,
        identity: ed25519Id,
        signingSeed: signing.seed,
        signingCert: signing.cert,
        nowMs,
        tlsKey,
      },
      { random: this.#random },
    );
  }
}
