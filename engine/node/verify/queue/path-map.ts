import { resolve } from 'node:path';
import { AlliumError } from '../../../codec/error.ts';

/** Data that lies below `from` where the run was started lies below `to` here. */
export interface PathMapping {
  readonly from: string;
  readonly to: string;
}

/** `/data=/mnt/nas`. Throws AlliumError BAD_USAGE. */
export function parsePathMapping(text: string): PathMapping {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1 || !text.startsWith('/')) {
    throw new AlliumError('BAD_USAGE', `“${text}” does not say what lies where`, {
      advice: 'Give --map THERE=HERE, such as --map /data=/mnt/nas, where THERE is absolute.',
    });
  }
  return { from: withoutSlash(text.slice(0, at)), to: withoutSlash(resolve(text.slice(at + 1))) };
}

/** The path on this machine; the longest mapping that fits counts, and without one it is the same. */
export function mapPath(path: string, mappings: readonly PathMapping[]): string {
  let best: PathMapping | undefined;
  for (const mapping of mappings) {
    const fits = path === mapping.from || path.startsWith(`${mapping.from}/`);
    if (fits && (best === undefined || mapping.from.length > best.from.length)) best = mapping;
  }
  return best === undefined ? path : best.to + path.slice(best.from.length);
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}
