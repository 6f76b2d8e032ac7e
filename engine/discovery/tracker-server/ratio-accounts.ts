import type { AnnounceEvent } from '../tracker/types.ts';

/** What a user has moved, by what peers reported. Bytes. */
export interface UserAccount {
  uploaded: number;
  downloaded: number;
  /** Bytes reported as uploaded which nobody in that swarm can have downloaded. */
  unconfirmed: number;
  /** Reports that began to be unconfirmed. */
  flags: number;
}

/** One report of a peer, in bytes since its `started`. */
export interface TransferReport {
  readonly user: string;
  /** Hexadecimal info-hash. */
  readonly torrent: string;
  /** Address and port, in any unambiguous form. */
  readonly peer: string;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly event: AnnounceEvent;
}

export interface RatioAccountsOptions {
  /** Peers whose last report is remembered; of the oldest the next report counts as its first. */
  readonly peersMax: number;
  readonly torrentsMax: number;
  /** What a swarm's uploads may exceed its downloads by: reports come late, and some pieces are downloaded twice. */
  readonly toleranceBytes: number;
  /** The same as a share of the downloads. */
  readonly toleranceShare: number;
}

export const RATIO_ACCOUNTS_DEFAULTS: RatioAccountsOptions = {
  peersMax: 2_000_000,
  torrentsMax: 1_000_000,
  toleranceBytes: 64 * 1024 * 1024,
  toleranceShare: 0.05,
};

interface PeerReport {
  uploaded: number;
  downloaded: number;
  readonly user: string;
}

interface SwarmTotals {
  uploaded: number;
  downloaded: number;
  /** Per user what of the above is theirs: nobody confirms themselves. */
  readonly byUser: Map<string, { uploaded: number; downloaded: number }>;
}

const USERS_PER_SWARM_MAX = 10_000;

/**
 * Ratio accounts of a private tracker. Every byte that one peer uploads another one downloads: what a user reports as
 * uploaded in a swarm is confirmed as far as other users report downloads there. What goes beyond is counted as unconfirmed
 * and flagged, not judged: an operator decides.
 */
export class RatioAccounts {
  readonly users = new Map<string, UserAccount>();
  readonly #options: RatioAccountsOptions;
  readonly #peers = new Map<string, PeerReport>();
  readonly #swarms = new Map<string, SwarmTotals>();

  constructor(options: RatioAccountsOptions) {
    this.#options = options;
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  get swarmCount(): number {
    return this.#swarms.size;
  }

  /** Takes a report in; returns the bytes by which it makes the user's unconfirmed uploads grow. */
  report(report: TransferReport): number {
    const key = `${report.torrent} ${report.peer}`;
    const last = this.#peers.get(key);
    const isFresh = last === undefined || last.user !== report.user;
    // A client that was restarted counts from 0 again, with or without saying so.
    const since = (now: number, before: number): number => (now >= before ? now - before : now);
    // What a peer has moved before this tracker first hears of it was counted by somebody else, or never.
    const uploaded = isFresh ? 0 : since(report.uploaded, last.uploaded);
    const downloaded = isFresh ? 0 : since(report.downloaded, last.downloaded);
    this.#peers.delete(key);
    if (report.event !== 'stopped') {
      this.#peers.set(key, { uploaded: report.uploaded, downloaded: report.downloaded, user: report.user });
      dropOldest(this.#peers, this.#options.peersMax);
    }
    const account = this.accountOf(report.user);
    account.uploaded += uploaded;
    account.downloaded += downloaded;
    return this.#confirm(report, account, uploaded, downloaded);
  }

  accountOf(user: string): UserAccount {
    let account = this.users.get(user);
    if (account === undefined) {
      account = { uploaded: 0, downloaded: 0, unconfirmed: 0, flags: 0 };
      this.users.set(user, account);
    }
    return account;
  }

  #confirm(report: TransferReport, account: UserAccount, uploaded: number, downloaded: number): number {
    const swarm = this.#swarmOf(report.torrent);
    const own = ownOf(swarm, report.user);
    const before = this.#excess(swarm, own);
    swarm.uploaded += uploaded;
    swarm.downloaded += downloaded;
    own.uploaded += uploaded;
    own.downloaded += downloaded;
    if (uploaded === 0) return 0;
    const grown = Math.min(uploaded, this.#excess(swarm, own) - before);
    if (grown <= 0) return 0;
    if (before === 0) account.flags++;
    account.unconfirmed += grown;
    return grown;
  }

  /** By how much a user's uploads in a swarm go beyond what all others there can have had of them. */
  #excess(swarm: SwarmTotals, own: { readonly uploaded: number; readonly downloaded: number }): number {
    const others = swarm.downloaded - own.downloaded;
    const allowed = others * (1 + this.#options.toleranceShare) + this.#options.toleranceBytes;
    return Math.max(0, own.uploaded - allowed);
  }

  #swarmOf(torrent: string): SwarmTotals {
    let swarm = this.#swarms.get(torrent);
    if (swarm === undefined) {
      swarm = { uploaded: 0, downloaded: 0, byUser: new Map() };
      this.#swarms.set(torrent, swarm);
      dropOldest(this.#swarms, this.#options.torrentsMax);
    }
    return swarm;
  }
}

function ownOf(swarm: SwarmTotals, user: string): { uploaded: number; downloaded: number } {
  let own = swarm.byUser.get(user);
  if (own === undefined) {
    own = { uploaded: 0, downloaded: 0 };
    swarm.byUser.set(user, own);
    dropOldest(swarm.byUser, USERS_PER_SWARM_MAX);
  }
  return own;
}

function dropOldest<K, V>(map: Map<K, V>, countMax: number): void {
  if (map.size <= countMax) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
