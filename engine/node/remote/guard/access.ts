import { createHmac, randomBytes } from 'node:crypto';
import { Offenders } from './offenders.ts';
import { type Credential, isRight, isSameText, PASSWORD_BYTES_MAX } from './password.ts';
import { Sessions } from './sessions.ts';

/** What came of a try: a wait in milliseconds where too many were wrong, or too many are being looked at. */
export type SignIn =
  | { readonly outcome: 'right' | 'wrong' }
  | { readonly outcome: 'wait'; readonly waitMs: number };

export interface AccessOptions {
  readonly sessionsMax: number;
  readonly sessionIdleMs: number;
  readonly offendersMax: number;
  readonly checksMax: number;
}

const BUSY: SignIn = { outcome: 'wait', waitMs: 1_000 };

/** Who is let in: by user and password, or by the token of a cookie. Without a credential everybody is. */
export class Access {
  private readonly credential: Credential | undefined;
  private readonly options: AccessOptions;
  private readonly now: () => number;
  private readonly sessions: Sessions;
  private readonly offenders: Offenders;
  private readonly key = randomBytes(32);
  /** Digest of the pair that was right: asking with it again costs no scrypt. */
  private rightDigest: string | undefined;
  /** Being hashed, by digest: who asks the same at the same time gets the same answer. */
  private readonly checks = new Map<string, Promise<SignIn>>();

  constructor(
    options: AccessOptions,
    modules: { readonly credential: Credential | undefined; readonly now: () => number },
  ) {
    this.options = options;
    this.credential = modules.credential;
    this.now = modules.now;
    this.sessions = new Sessions({ countMax: options.sessionsMax, idleMs: options.sessionIdleMs });
    this.offenders = new Offenders({ countMax: options.offendersMax });
  }

  /** Whether a password is asked for. */
  get isOn(): boolean {
    return this.credential !== undefined;
  }

  async signIn(address: string, user: string, password: string): Promise<SignIn> {
    if (this.credential === undefined) return { outcome: 'right' };
    const digest = createHmac('sha256', this.key)
      .update(JSON.stringify([user, password]))
      .digest('hex');
    if (this.rightDigest !== undefined && isSameText(digest, this.rightDigest)) return { outcome: 'right' };
    const running = this.checks.get(digest);
    if (running !== undefined) return running;
    const waitMs = this.offenders.waitMs(address, this.now());
    if (waitMs > 0) return { outcome: 'wait', waitMs };
    if (this.checks.size >= this.options.checksMax) return BUSY;
    // Counted before it is known: tries at one time must not slip past the delay.
    this.offenders.noteFailure(address, this.now());
    const check = this.check(this.credential, user, password);
    this.checks.set(digest, check);
    try {
      const signIn = await check;
      if (signIn.outcome === 'right') {
        this.rightDigest = digest;
        this.offenders.forgive(address);
      }
      return signIn;
    } finally {
      this.checks.delete(digest);
    }
  }

  /** Tries the header Authorization: undefined when it is no user and password (RFC 7617). */
  async signInBasic(address: string, header: string): Promise<SignIn | undefined> {
    const match = /^Basic +([\w+/=-]+) *$/i.exec(header);
    if (match === null) return undefined;
    const text = Buffer.from(match[1]!, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return undefined;
    return this.signIn(address, text.slice(0, colon), text.slice(colon + 1));
  }

  openSession(): string {
    return this.sessions.open(this.now());
  }

  closeSession(token: string): void {
    this.sessions.close(token);
  }

  hasSession(token: string): boolean {
    return this.sessions.use(token, this.now());
  }

  private async check(credential: Credential, user: string, password: string): Promise<SignIn> {
    const isLong = Buffer.byteLength(user) + Buffer.byteLength(password) > PASSWORD_BYTES_MAX;
    return { outcome: !isLong && (await isRight(credential, user, password)) ? 'right' : 'wrong' };
  }
}
