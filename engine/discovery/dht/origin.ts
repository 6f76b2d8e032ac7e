import { addressBytes, subnetKey } from './compact.ts';
import { isLocalAddress, isSecureId } from './id.ts';
import type { NodeContact } from './types.ts';

/** What the address of a node says of it. */
export interface Origin {
  /** /24 or /64; undefined for local addresses, of which any number is normal. */
  readonly subnet: string | undefined;
  /** BEP 42: whether the id fits the address. */
  readonly isSecure: boolean;
}

/** Looks at a node's address; one that is no literal address fits no id. */
export function originOf(contact: NodeContact): Origin {
  const address = addressBytes(contact.host);
  if (address === undefined) return { subnet: contact.host, isSecure: false };
  if (isLocalAddress(address)) return { subnet: undefined, isSecure: true };
  return { subnet: subnetKey(contact.host), isSecure: isSecureId(contact.id, address) };
}
