import { choiceOfOne } from '../../kernels/choice.ts';
import { scratchOffset } from '../../kernels/memory-map.ts';
import { compileKernels, loadKernels } from '../../kernels/module.ts';
import { Slab } from '../../kernels/slab.ts';
import { linkConnector } from '../../onion/client/connector.ts';
import { DirectoryClient } from '../../onion/client/directory-client.ts';
import { authorityPlan } from '../../onion/client/hop-plan.ts';
import { leaseCiphers } from '../../onion/client/leased-ciphers.ts';
import { ClientLinks } from '../../onion/client/links.ts';
import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import { AUTHORITIES_MAX } from '../../onion/directory/dir-authority.ts';
import type { DirectoryAnswer } from '../../onion/directory/directory-answer.ts';
import type { DirectoryRequest } from '../../onion/directory/directory-request.ts';
import { failure, type Result } from '../../onion/directory/result.ts';
import { CellMemory } from '../../onion/link/cell-memory.ts';
import { createLinkStats } from '../../onion/link/stats.ts';
import { BuildTimeouts } from '../../onion/path/build-timeout.ts';
import { buildTimeoutParams } from '../../onion/path/build-timeout-params.ts';
import type { Runtime, Timer } from '../../runtime/port.ts';
import type { ExchangeOptions } from './directory-exchange.ts';

/** A configuration has no more authorities, and each one circuit. */
const CIRCUITS = AUTHORITIES_MAX;
/** 10 MiB, which the system gives as far as they are used; more than half would be for the ciphers. */
const SLOTS = 640;
const EXPIRE_MS = 30_000;

/**
 * Asks authorities over circuits of one hop (CREATE_FAST, BEGIN_DIR), as whoever has no DirPort wants it; nobody on the
 * way sees what is asked. Has memory and links of its own, which come with the first question. tor-spec, BEGIN_DIR.
 */
export class AuthorityCircuits {
  readonly #options: ExchangeOptions;
  readonly #runtime: Runtime;
  #parts: { readonly directory: DirectoryClient; readonly links: ClientLinks } | undefined;
  #timer: Timer | undefined;

  constructor(options: ExchangeOptions, modules: { readonly runtime: Runtime }) {
    this.#options = options;
    this.#runtime = modules.runtime;
  }

  /** Never rejects; the reason is for the operator. */
  async ask(authority: DirectoryAuthority, request: DirectoryRequest): Promise<Result<DirectoryAnswer>> {
    const plan = authorityPlan(authority) ?? authorityPlan(authority, 'only');
    const { nickname, host } = authority;
    if (plan === undefined)
      return failure(`the authority ${nickname || host} has neither DirPort nor ORPort`);
    const { timeoutMs, bodyBytesMax } = this.#options;
    this.#parts ??= this.#open();
    const limits = { idleTimeoutMs: timeoutMs, bodyBytesMax };
    const answer = await this.#parts.directory.ask({ kind: 'relay', plan }, request, limits);
    if (answer.ok) return answer;
    return failure(`the directory at ${plan.host} port ${plan.port}: ${answer.reason}`);
  }

  /** Closes all circuits and links; a further question opens new ones. */
  close(): void {
    this.#timer?.cancel();
    this.#parts?.directory.closeAll();
    this.#parts?.links.closeAll('stopped');
    this.#parts = undefined;
  }

  #open() {
    const { clock, random } = this.#runtime;
    const slab = new Slab({ slotCount: SLOTS, threadCountMax: 1 });
    const at = scratchOffset(slab.takeThread());
    const kernels = loadKernels({ memory: slab.memory, scratchOffset: at, compiled: compileKernels() });
    const shape = { circuits: CIRCUITS, aheadCells: 1 };
    const { ciphers } = leaseCiphers(shape, { slab, kernels, choice: choiceOfOne('native') });
    const memory = new CellMemory({}, { slab });
    const connect = linkConnector({ runtime: this.#runtime, memory, stats: createLinkStats() });
    const links = new ClientLinks(
      { allowPrivateAnswers: false },
      { slab, ciphers, connect, clock, random, clockHealth: { isStalled: false } },
    );
    const timeouts = new BuildTimeouts(buildTimeoutParams(new Map()));
    const params = () => new Map<string, number>();
    const directory = new DirectoryClient({ links, clock, timeouts, runtime: this.#runtime, params });
    this.#expireLater(directory, links);
    return { directory, links };
  }

  #expireLater(directory: DirectoryClient, links: ClientLinks): void {
    const { clock } = this.#runtime;
    this.#timer = clock.setTimer(EXPIRE_MS, () => {
      directory.expire(clock.now());
      links.expire(clock.now());
      this.#expireLater(directory, links);
    });
  }
}
