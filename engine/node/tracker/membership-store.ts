import { randomBytes } from 'node:crypto';
import { type Database, open, type RootDatabase } from 'lmdb';
import { AlliumError } from '../../codec/error.ts';
import { type Membership, passkeyHash } from '../../discovery/tracker-server/private-gate.ts';
import type { UserAccount } from '../../discovery/tracker-server/ratio-accounts.ts';

/** Bytes of a passkey and of an invitation, in hexadecimal twice as many characters. */
const SECRET_BYTES = 16;
/** Invitations of one user that nobody has used yet. */
export const INVITATIONS_PER_USER_MAX = 10;
/** An invitation that nobody uses for so long is void. */
const INVITATION_MS = 14 * 24 * 60 * 60_000;
export const USERS_MAX = 1_000_000;
const NAME = /^[\p{L}\p{N}_.-]{1,64}$/u;

/** A user as it is stored: never the passkey itself. */
export interface StoredUser {
  readonly passkeyHash: string;
  readonly invitedBy: string;
  /** Unix milliseconds. */
  readonly addedAtMs: number;
}

interface StoredInvitation {
  readonly by: string;
  readonly madeAtMs: number;
}

/**
 * Users, invitations and the list of torrents of a private tracker, in LMDB. Several processes may open it: what one of
 * them changes, a tracker that runs sees at once.
 */
export class MembershipStore implements Membership {
  readonly #root: RootDatabase<unknown, string>;
  readonly #users: Database<StoredUser, string>;
  readonly #names: Database<string, string>;
  readonly #invitations: Database<StoredInvitation, string>;
  readonly #torrents: Database<string, string>;
  readonly #accounts: Database<UserAccount, string>;

  constructor(path: string) {
    this.#root = open<unknown, string>({ path, maxDbs: 8 });
    this.#users = this.#root.openDB<StoredUser, string>({ name: 'users' });
    this.#names = this.#root.openDB<string, string>({ name: 'passkeys' });
    this.#invitations = this.#root.openDB<StoredInvitation, string>({ name: 'invitations' });
    this.#torrents = this.#root.openDB<string, string>({ name: 'torrents' });
    this.#accounts = this.#root.openDB<UserAccount, string>({ name: 'accounts' });
  }

  userOf(hash: string): string | undefined {
    return this.#names.get(hash);
  }

  allows(infoHash: string): boolean {
    return this.#torrents.get(infoHash) !== undefined;
  }

  get userCount(): number {
    return this.#users.getCount();
  }

  users(): readonly (StoredUser & { readonly name: string })[] {
    return [...this.#users.getRange()].map(({ key, value }) => ({ name: String(key), ...value }));
  }

  /** The name beside each info-hash (hexadecimal) that may be announced. */
  torrents(): readonly { readonly infoHash: string; readonly name: string }[] {
    return [...this.#torrents.getRange()].map(({ key, value }) => ({ infoHash: String(key), name: value }));
  }

  accounts(): ReadonlyMap<string, UserAccount> {
    return new Map([...this.#accounts.getRange()].map(({ key, value }) => [String(key), value]));
  }

  /** A new user; returns the passkey, which is told only here. Throws BAD_USAGE. */
  async addUser(name: string, invitedBy = ''): Promise<string> {
    if (!NAME.test(name))
      throw refused(`“${name}” is no name for a user`, 'Letters, digits, “.”, “_”, “-”; up to 64.');
    const passkey = randomBytes(SECRET_BYTES).toString('hex');
    const hash = passkeyHash(passkey);
    const isAdded = await this.#root.transaction(() => {
      if (this.#users.get(name) !== undefined || this.#users.getCount() >= USERS_MAX) return false;
      void this.#users.put(name, { passkeyHash: hash, invitedBy, addedAtMs: Date.now() });
      void this.#names.put(hash, name);
      return true;
    });
    if (!isAdded) throw refused(`there is a user “${name}” already`, 'Choose another name.');
    return passkey;
  }

  /** Its passkey is void from now on; its account stays. Throws NOT_FOUND. */
  async removeUser(name: string): Promise<void> {
    const isRemoved = await this.#root.transaction(() => {
      const user = this.#users.get(name);
      if (user === undefined) return false;
      void this.#users.remove(name);
      void this.#names.remove(user.passkeyHash);
      return true;
    });
    if (!isRemoved) throw new AlliumError('NOT_FOUND', `there is no user “${name}”`, { details: { name } });
  }

  /** An invitation for one new user. Throws NOT_FOUND, or BAD_USAGE when the user has too many open ones. */
  async invite(by: string): Promise<string> {
    const code = randomBytes(SECRET_BYTES).toString('hex');
    if (this.#users.get(by) === undefined)
      throw new AlliumError('NOT_FOUND', `there is no user “${by}”`, { details: { name: by } });
    const isMade = await this.#root.transaction(() => {
      const now = Date.now();
      let open = 0;
      for (const { key, value } of this.#invitations.getRange()) {
        if (now - value.madeAtMs > INVITATION_MS) void this.#invitations.remove(key);
        else if (value.by === by) open++;
      }
      if (open >= INVITATIONS_PER_USER_MAX) return false;
      void this.#invitations.put(passkeyHash(code), { by, madeAtMs: now });
      return true;
    });
    if (!isMade)
      throw refused(`“${by}” has ${INVITATIONS_PER_USER_MAX} open invitations`, 'They end after two weeks.');
    return code;
  }

  /** Uses an invitation up; returns the passkey of the new user. Throws BAD_USAGE. */
  async join(code: string, name: string): Promise<string> {
    const key = passkeyHash(code);
    const found = this.#invitations.get(key);
    if (found === undefined || Date.now() - found.madeAtMs > INVITATION_MS)
      throw refused('this invitation is not valid', 'Ask whoever gave it to you for a new one.');
    const passkey = await this.addUser(name, found.by);
    const isUsed = await this.#root.transaction(() => {
      if (this.#invitations.get(key) === undefined) return false;
      void this.#invitations.remove(key);
      return true;
    });
    if (isUsed) return passkey;
    // Somebody else was quicker with the same invitation.
    await this.removeUser(name);
    throw refused('this invitation is not valid', 'Ask whoever gave it to you for a new one.');
  }

  /** From now on this torrent (hexadecimal info-hash) may be announced. */
  async allow(infoHash: string, name: string): Promise<void> {
    await this.#torrents.put(infoHash, name);
  }

  /** Throws NOT_FOUND. */
  async forbid(infoHash: string): Promise<void> {
    if (this.allows(infoHash)) {
      await this.#torrents.remove(infoHash);
      return;
    }
    throw new AlliumError('NOT_FOUND', 'this torrent is not registered', { details: { infoHash } });
  }

  async saveAccounts(accounts: ReadonlyMap<string, UserAccount>): Promise<void> {
    await this.#root.transaction(() => {
      for (const [name, account] of accounts) void this.#accounts.put(name, { ...account });
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

function refused(message: string, advice: string): AlliumError {
  return new AlliumError('BAD_USAGE', message, { advice });
}
