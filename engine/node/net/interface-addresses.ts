import { networkInterfaces } from 'node:os';
import { readAddress } from '../../codec/address.ts';

/** What a binding stands for at this moment, best first: at most one address of each family is used. */
export type AddressesOf = (bind: string) => readonly string[];

/**
 * The addresses of an interface by its name (`tun0`), or the address itself while some interface has it; empty when
 * there is none. Link-local IPv6 addresses are left out: they reach nobody beyond the link.
 */
export const addressesOf: AddressesOf = (bind) => {
  const interfaces = networkInterfaces();
  if (readAddress(bind) !== undefined) {
    const all = Object.values(interfaces).flatMap((list) => list ?? []);
    return all.some(({ address }) => address === bind) || isLoopback(bind) ? [bind] : [];
  }
  return (interfaces[bind] ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe[89ab]/i.test(address));
};

/** All of 127.0.0.0/8 is this machine, though only 127.0.0.1 is listed. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}
