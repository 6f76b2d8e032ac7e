import { createHash } from 'node:crypto';
import { hex } from '../../codec/hex.ts';
import { type AnnounceGate, type GatedAnnounce, passkeyOf } from './announce-gate.ts';
import type { RatioAccounts } from './ratio-accounts.ts';

/** Who may use a private tracker, and for what. Changes while it runs are seen at once. */
export interface Membership {
  /** The user's name of a passkey's SHA-256 in hexadecimal. */
  userOf(passkeyHash: string): string | undefined;
  /** Whether this info-hash (hexadecimal) may be announced. */
  allows(infoHash: string): boolean;
}

/**
 * Passkeys are kept and looked up by their hash: neither the store nor the time of a look-up tells anything about them.
 */
export function passkeyHash(passkey: string): string {
  return createHash('sha256').update(passkey).digest('hex');
}

/** The rules of a private tracker: a passkey for each user, listed torrents only, and accounts of what is moved. */
export class PrivateGate implements AnnounceGate {
  readonly #membership: Membership;
  readonly #accounts: RatioAccounts;

  constructor(modules: { readonly membership: Membership; readonly accounts: RatioAccounts }) {
    this.#membership = modules.membership;
    this.#accounts = modules.accounts;
  }

  check(announce: GatedAnnounce): string | undefined {
    const user = this.#userOf(announce.urlData);
    if (typeof user !== 'string') return user.refusal;
    const { hashBytes, hashAt, endpoint } = announce;
    const torrent = hex(hashBytes.subarray(hashAt, hashAt + 20));
    if (!this.#membership.allows(torrent)) return 'this torrent is not registered here';
    this.#accounts.report({
      user,
      torrent,
      peer: Buffer.from(endpoint.buffer, endpoint.byteOffset, endpoint.byteLength).toString('latin1'),
      uploaded: announce.uploaded,
      downloaded: announce.downloaded,
      event: announce.event,
    });
    return undefined;
  }

  checkScrape(urlData: string): string | undefined {
    const user = this.#userOf(urlData);
    return typeof user === 'string' ? undefined : user.refusal;
  }

  #userOf(urlData: string): string | { readonly refusal: string } {
    const passkey = passkeyOf(urlData);
    if (passkey === undefined) return { refusal: 'this tracker is private: its address needs a passkey' };
    const user = this.#membership.userOf(passkeyHash(passkey));
    return user ?? { refusal: 'unknown passkey: get the torrent file again' };
  }
}
