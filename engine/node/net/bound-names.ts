import { Resolver } from 'node:dns/promises';
import { readAddress } from '../../codec/address.ts';
import { endpointText } from '../../codec/endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Endpoint } from '../../runtime/port.ts';

const TIMEOUT_MS = 5_000;
const TRIES = 2;

export interface BoundNamesOptions {
  /** Name servers instead of those of the system. */
  readonly servers?: readonly Endpoint[];
}

/** Name look-ups whose questions leave by one address; the system's own resolver would ask by any. */
export class BoundNames {
  private readonly options: BoundNamesOptions;
  private readonly local: (family: 4 | 6) => string | undefined;

  /** `local`: the address to ask from, as things stand; undefined: none of this family. */
  constructor(options: BoundNamesOptions, local: (family: 4 | 6) => string | undefined) {
    this.options = options;
    this.local = local;
  }

  /** As `Network.lookup`. */
  async lookup(name: string): Promise<readonly string[]> {
    if (readAddress(name) !== undefined) return [name];
    // RFC 6761: never asked of anybody.
    if (/^(?:.+\.)?localhost\.?$/i.test(name)) return ['127.0.0.1', '::1'];
    const resolver = this.resolver();
    const answers = await Promise.allSettled([
      this.local(4) === undefined ? [] : resolver.resolve4(name),
      this.local(6) === undefined ? [] : resolver.resolve6(name),
    ]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    throw failed(name, answers.find((answer) => answer.status === 'rejected')?.reason);
  }

  /** As `Network.lookupText`. */
  async lookupText(name: string): Promise<readonly string[]> {
    try {
      return (await this.resolver().resolveTxt(name)).map((parts) => parts.join(''));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
      throw failed(name, error);
    }
  }

  private resolver(): Resolver {
    const [v4, v6] = [this.local(4), this.local(6)];
    if (v4 === undefined && v6 === undefined) throw failed('', undefined);
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    const { servers } = this.options;
    if (servers !== undefined) {
      resolver.setServers(servers.map(endpointText));
    }
    // Without an address of its own a family is asked from nowhere, rather than from anywhere.
    resolver.setLocalAddress(v4 ?? '127.0.0.1', v6 ?? '::1');
    return resolver;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function failed(name: string, cause: unknown): AlliumError {
  return new AlliumError('NETWORK_FAILED', `the name ${name} could not be looked up from the interface`, {
    advice: 'Check that the interface is up and that its name server answers; name one where it has its own.',
    details: { name, code: codeOf(cause) },
    cause,
  });
}
