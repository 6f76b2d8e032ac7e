import { failure, type Result, success } from './result.ts';
import { detached, excerpt, readInteger } from './text.ts';

/** Versions low … high of a subprotocol, both included. */
export interface VersionRange {
  readonly low: number;
  readonly high: number;
}

/** What a relay speaks, by the name of the subprotocol: `Link`, `Relay`, `FlowCtrl` … tor-spec, subprotocol versioning. */
export type Protocols = ReadonlyMap<string, readonly VersionRange[]>;

/** Names and ranges in one list; C tor of 2026 has 13 names. */
const ENTRIES_MAX = 64;
const RANGES_MAX = 64;
/** Versions are 0 … 63. tor-spec, subprotocol versioning. */
const VERSION_MAX = 63;

/** Nothing at all. */
export const NO_PROTOCOLS: Protocols = new Map();

/** Whether `version` of the subprotocol `name` is among them. */
export function supportsProtocol(protocols: Protocols, name: string, version: number): boolean {
  const ranges = protocols.get(name);
  return ranges?.some(({ low, high }) => low <= version && version <= high) ?? false;
}

/** Reads `Link=4-5 Relay=2,4-6 …`. A name may stand there once; an empty list of versions is allowed. */
export function parseProtocols(text: string): Result<Protocols> {
  const protocols = new Map<string, readonly VersionRange[]>();
  for (const entry of text.split(' ')) {
    if (entry === '') continue;
    const equals = entry.indexOf('=');
    const name = detached(entry.slice(0, Math.max(equals, 0)));
    if (!/^[A-Za-z0-9-]{1,100}$/.test(name)) return failure(`“${excerpt(entry)}” is no subprotocol`);
    if (protocols.has(name)) return failure(`the subprotocol ${name} stands there twice`);
    if (protocols.size >= ENTRIES_MAX) return failure(`more than ${ENTRIES_MAX} subprotocols`);
    const ranges = readRanges(entry.slice(equals + 1));
    if (ranges === undefined) return failure(`“${excerpt(entry)}” has no versions of 0 to ${VERSION_MAX}`);
    protocols.set(name, ranges);
  }
  return success(protocols);
}

function readRanges(text: string): readonly VersionRange[] | undefined {
  if (text === '') return [];
  const parts = text.split(',', RANGES_MAX + 1);
  if (parts.length > RANGES_MAX) return undefined;
  const ranges: VersionRange[] = [];
  for (const part of parts) {
    const dash = part.indexOf('-');
    const low = readInteger(dash < 0 ? part : part.slice(0, dash), VERSION_MAX);
    const high = dash < 0 ? low : readInteger(part.slice(dash + 1), VERSION_MAX);
    if (low === undefined || high === undefined || low > high) return undefined;
    ranges.push({ low, high });
  }
  return ranges;
}

/** What of `required` is not among `own`, as `Relay=4`; empty when all is there. */
export function missingProtocols(required: Protocols, own: Protocols): readonly string[] {
  const missing: string[] = [];
  for (const [name, ranges] of required) {
    for (const { low, high } of ranges) {
      for (let version = low; version <= high; version++) {
        if (!supportsProtocol(own, name, version)) missing.push(`${name}=${version}`);
      }
    }
  }
  return missing;
}
