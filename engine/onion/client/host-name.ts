import { readAddress } from '../../codec/address.ts';

/** RFC 1035: a name in the form people write it. */
const NAME_CHARACTERS_MAX = 253;

/**
 * Whether it can be asked of an exit: a literal address, or a name. Names under `.onion` must never reach an exit
 * (RFC 7686).
 */
export function isHostName(host: string): boolean {
  if (readAddress(host) !== undefined) return true;
  if (host.length === 0 || host.length > NAME_CHARACTERS_MAX) return false;
  if (/(^|\.)onion\.?$/i.test(host)) return false;
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host);
}
