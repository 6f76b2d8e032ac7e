import type { LinkPeer } from '../link/types.ts';
import { hexBytes } from './bytes.ts';
import type { HopPlan } from './circuit-types.ts';
import { ClientLink, type LinkModules } from './client-link.ts';

/** A link without circuits is closed after this time. tor: a client's idle connections live three minutes. */
export const LINK_IDLE_MS = 180_000;

/** All links of a client, one for each first relay. */
export class ClientLinks {
  readonly #modules: LinkModules;
  readonly #allowPrivateAnswers: boolean;
  readonly #byRelay = new Map<string, ClientLink>();

  constructor(options: { readonly allowPrivateAnswers: boolean }, modules: LinkModules) {
    this.#allowPrivateAnswers = options.allowPrivateAnswers;
    this.#modules = modules;
  }

  get count(): number {
    return this.#byRelay.size;
  }

  /** The link to that relay, which is made where there is none. `onOpen`, `onClosed`: only for a new one. */
  to(plan: HopPlan): ClientLink {
    // Another key or address is another relay, whatever it calls itself.
    const name = `${plan.fingerprint} ${plan.host}:${plan.port}`;
    const known = this.#byRelay.get(name);
    if (known !== undefined && known.state !== 'closed') return known;
    const link = new ClientLink(
      {
        host: plan.host,
        port: plan.port,
        rsaFingerprint: hexBytes(plan.fingerprint),
        ed25519Id: plan.ed25519Id,
        allowPrivateAnswers: this.#allowPrivateAnswers,
      },
      this.#modules,
      {
        onOpen: (_peer: LinkPeer) => {},
        onClosed: () => {
          if (this.#byRelay.get(name) === link) this.#byRelay.delete(name);
        },
      },
    );
    this.#byRelay.set(name, link);
    return link;
  }

  /** Closes links that have been without circuits for long. */
  expire(nowMs: number): void {
    for (const link of [...this.#byRelay.values()]) {
      const { idleSinceMs } = link;
      if (idleSinceMs !== undefined && nowMs - idleSinceMs >= LINK_IDLE_MS) link.close('idle');
    }
  }

  closeAll(reason: string): void {
    for (const link of [...this.#byRelay.values()]) link.close(reason);
  }
}
