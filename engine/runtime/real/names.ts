import dns from 'node:dns/promises';
import net from 'node:net';
import { AlliumError } from '../../codec/error.ts';
import { errorCode } from './endpoint.ts';

/** As {@link import('../port.ts').Network.lookup}, by the system's own resolver (hosts file and all). */
export async function lookupName(name: string): Promise<readonly string[]> {
  if (net.isIP(name) !== 0) return [name];
  try {
    const found = await dns.lookup(name, { all: true });
    if (found.length > 0) return found.map(({ address }) => address);
  } catch (error) {
    throw lookupError(name, error);
  }
  throw lookupError(name, undefined);
}

/** As {@link import('../port.ts').Network.lookupText}. */
export async function lookupText(name: string): Promise<readonly string[]> {
  try {
    return (await dns.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
    throw lookupError(name, error);
  }
}

function lookupError(name: string, cause: unknown): AlliumError {
  return new AlliumError('NETWORK_FAILED', `the name ${name} could not be looked up`, {
    advice: 'Check the name and the name servers of this machine.',
    details: { name, code: errorCode(cause) },
    cause,
  });
}
