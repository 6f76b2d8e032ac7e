import type { LinkPeer } from '../link/types.ts';
import { hexBytes } from './bytes.ts';
import type { HopPlan } from './circuit-types.ts';
import { ClientLink, type LinkModules } from './client-link.ts';
import { HandshakeTurns } from './handshake-turns.ts';

/** A link without circuits is closed after this time. tor: a client's idle connections live three minutes. */
export const LINK_IDLE_MS = 180_000;

/** All links of a client: one for each first relay, and those in doubt that still have circuits. */
export class ClientLinks {
  readonly #modules: LinkModules & { readonly handshakes: HandshakeTurns };
  readonly #allowPrivateAnswers: boolean;
  readonly #byRelay = new Map<string, ClientLink>();
  readonly #links = new Set<ClientLink>();

  constructor(options: { readonly allowPrivateAnswers: boolean }, modules: LinkModules) {
    this.#allowPrivateAnswers = options.allowPrivateAnswers;
    this.#modules = { ...modules, handshakes: new HandshakeTurns(modules) };
  }

  get count(): number {
    return this.#links.size;
  }

  /** The link to that relay, which is made where there is none that is beyond doubt. `onOpen`, `onClosed`: only for a new one. */
  to(plan: HopPlan): ClientLink {
    // Another key or address is another relay, whatever it calls itself.
    const name = `${plan.fingerprint} ${plan.host}:${plan.port}`;
    const known = this.#byRelay.get(name);
    if (known !== undefined && known.state !== 'closed' && !known.isDoubtful) return known;
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
          this.#links.delete(link);
          if (this.#byRelay.get(name) === link) this.#byRelay.delete(name);
        },
      },
    );
    this.#byRelay.set(name, link);
    this.#links.add(link);
    return link;
  }

  /** Closes links that have been without circuits for long. */
  expire(nowMs: number): void {
    for (const link of [...this.#links]) {
      const { idleSinceMs } = link;
      if (idleSinceMs !== undefined && nowMs - idleSinceMs >= LINK_IDLE_MS) link.close('idle');
    }
  }

  closeAll(reason: string): void {
    for (const link of [...this.#links]) link.close(reason);
  }
}
