import { randomBytes } from 'node:crypto';

/** Sign-ins by cookie: random tokens that end when they are not used. The one unused longest goes first. */
export class Sessions {
  private readonly lastUsedMs = new Map<string, number>();
  private readonly options: { readonly countMax: number; readonly idleMs: number };

  constructor(options: { readonly countMax: number; readonly idleMs: number }) {
    this.options = options;
  }

  get size(): number {
    return this.lastUsedMs.size;
  }

  /** A new token of 256 bits. */
  open(nowMs: number): string {
    if (this.lastUsedMs.size >= this.options.countMax) {
      for (const oldest of this.lastUsedMs.keys()) {
        this.lastUsedMs.delete(oldest);
        break;
      }
    }
    const token = randomBytes(32).toString('base64url');
    this.lastUsedMs.set(token, nowMs);
    return token;
  }

  /** Whether it is signed in; that counts as use. */
  use(token: string, nowMs: number): boolean {
    const last = this.lastUsedMs.get(token);
    if (last === undefined) return false;
    this.lastUsedMs.delete(token);
    if (nowMs - last > this.options.idleMs) return false;
    this.lastUsedMs.set(token, nowMs);
    return true;
  }

  close(token: string): void {
    this.lastUsedMs.delete(token);
  }
}
