import type { Endpoint } from '../../runtime/port.ts';

/**
 * Over which addresses a client reaches its first relays and authorities. `no`: IPv4 only. `prefer`: IPv6 where there is
 * one, IPv4 elsewhere. `only`: IPv6, and relays without it are not used as first hop. tor manual, ClientUseIPv4,
 * ClientUseIPv6 and ClientPreferIPv6ORPort.
 */
export type Ipv6Choice = 'no' | 'prefer' | 'only';

/** Which address to dial; undefined: none that may be used. */
export function chooseAddress(
  choice: Ipv6Choice,
  ipv4: Endpoint,
  ipv6: Endpoint | undefined,
): Endpoint | undefined {
  if (choice === 'no') return ipv4;
  return ipv6 ?? (choice === 'only' ? undefined : ipv4);
}
