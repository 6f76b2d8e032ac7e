import { readIpv4, readIpv6 } from '../../codec/address.ts';
import { type AddressBytes, readEndpoint } from '../../codec/compact-endpoint.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { ID_BYTES } from './id.ts';
import type { NodeContact } from './types.ts';

/** 4 for an IPv4 address, 16 for IPv6. */
export function familyOf(host: string): AddressBytes {
  return host.includes(':') ? 16 : 4;
}

/** The address and port of an endpoint in compact form (BEP 5, BEP 32); undefined when the host is no literal address. */
export function compactEndpoint(endpoint: Endpoint): Uint8Array | undefined {
  const address = addressBytes(endpoint.host);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(address.length + 2);
  bytes.set(address);
  bytes[address.length] = endpoint.port >> 8;
  bytes[address.length + 1] = endpoint.port;
  return bytes;
}

/** A literal address as 4 or 16 bytes. An IPv6 zone is left out. */
export function addressBytes(host: string): Uint8Array | undefined {
  if (!host.includes(':')) return readIpv4(host);
  const zone = host.indexOf('%');
  return readIpv6(zone < 0 ? host : host.slice(0, zone));
}

/** BEP 5, BEP 32: nodes in compact form, 26 or 38 bytes each. What is not whole or not reachable is left out. */
export function readNodes(bytes: Uint8Array, family: AddressBytes, countMax: number): NodeContact[] {
  const nodes: NodeContact[] = [];
  const step = ID_BYTES + family + 2;
  // One copy for all: the ids outlive the datagram.
  const copy = bytes.slice(0, step * countMax);
  for (let at = 0; at + step <= copy.length && nodes.length < countMax; at += step) {
    const endpoint = readEndpoint(copy, at + ID_BYTES, family);
    if (endpoint === undefined) continue;
    nodes.push({ id: new Uint8Array(copy.buffer, at, ID_BYTES), host: endpoint.host, port: endpoint.port });
  }
  return nodes;
}

/** The compact form of nodes, all of one family; those of the other family are left out. */
export function writeNodes(nodes: readonly NodeContact[], family: AddressBytes): Uint8Array {
  const step = ID_BYTES + family + 2;
  const bytes = new Uint8Array(nodes.length * step);
  let at = 0;
  for (const node of nodes) {
    const compact = compactEndpoint(node);
    if (compact?.length !== family + 2) continue;
    bytes.set(node.id, at);
    bytes.set(compact, at + ID_BYTES);
    at += step;
  }
  return bytes.subarray(0, at);
}

/** Endpoints as `values` of a get_peers answer: one compact string each. */
export function readPeers(values: readonly Uint8Array[], family: AddressBytes, countMax: number): Endpoint[] {
  const peers: Endpoint[] = [];
  for (const value of values) {
    if (peers.length >= countMax) break;
    // Old programs put all peers into one string.
    for (let at = 0; at + family + 2 <= value.length && peers.length < countMax; at += family + 2) {
      const endpoint = readEndpoint(value, at, family);
      if (endpoint !== undefined) peers.push(endpoint);
    }
  }
  return peers;
}

/** An endpoint as a key of a map. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.host} ${endpoint.port}`;
}

/**
 * What counts as one neighbourhood when nodes must not come from one place: the /24 of IPv4, the /64 of IPv6 (BEP 45
 * has others treat it as one).
 */
export function subnetKey(host: string): string {
  if (!host.includes(':')) return host.slice(0, host.lastIndexOf('.'));
  const address = addressBytes(host);
  return address === undefined ? host : Buffer.from(address.subarray(0, 8)).toString('hex');
}
