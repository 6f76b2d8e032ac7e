import type { Endpoint } from '../../runtime/port.ts';
import type { LinkOutfit } from '../crypto/link-credentials.ts';
import type { ExitPolicy } from '../directory/policy-types.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import type { DosParams } from '../flow/dos-params.ts';

/** Bounds of a relay; each has a row in LIMITS.md. */
export interface RelayLimits {
  /** Links to clients and relays. */
  readonly channelsMax: number;
  /** Circuits of all links. Each costs kernel memory: see {@link RelayLimits.keyStreamCells}. */
  readonly circuitsMax: number;
  /** Circuits of one link. */
  readonly circuitsPerChannelMax: number;
  /** Key stream made ahead for one direction of a busy circuit, cells of 509 bytes. */
  readonly keyStreamCells: number;
  /** Links being made at once. */
  readonly dialsMax: number;
  /** Circuits that wait for one link that is being made. */
  readonly waitingPerDialMax: number;
  /** Streams of one circuit. */
  readonly streamsPerCircuitMax: number;
  /** Streams of all circuits. */
  readonly streamsMax: number;
  /** Names being looked up. */
  readonly lookupsMax: number;
  /** Names being looked up for one circuit. */
  readonly lookupsPerCircuitMax: number;
  /** Bytes of a directory request. */
  readonly directoryRequestBytesMax: number;
  /** Cells that one direction of a circuit may have waiting. */
  readonly queueCellsMax: number;
  /** Cells and stream data that wait in all circuits, bytes. */
  readonly queueBytesMax: number;
  /** Bytes that wait for the connection of one exit stream. */
  readonly streamQueueBytesMax: number;
}

/** What is meant for a relay with a slab of 256 MiB. */
export const RELAY_LIMITS: RelayLimits = {
  channelsMax: 8192,
  circuitsMax: 4096,
  circuitsPerChannelMax: 4096,
  keyStreamCells: 32,
  dialsMax: 256,
  waitingPerDialMax: 512,
  streamsPerCircuitMax: 1024,
  streamsMax: 8192,
  lookupsMax: 512,
  lookupsPerCircuitMax: 64,
  directoryRequestBytesMax: 128 * 1024,
  queueCellsMax: 8192,
  queueBytesMax: 64 * 1024 * 1024,
  streamQueueBytesMax: 4 * 1024 * 1024,
};

/** What an {@link OnionRelay} is to be. */
export interface OnionRelayOptions {
  /** RSA fingerprint, 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** Ed25519 identity, 32 bytes. */
  readonly ed25519Id: Uint8Array;
  /** Private onion keys, 32 bytes each: the current one, then the previous one while it is in grace. */
  readonly onionKeys: readonly Uint8Array[];
  /** TLS identity and certificates of links; renewed by {@link OnionRelay.setLinkOutfit}. */
  readonly link: LinkOutfit;
  /** Where links come in; port 0: any. */
  readonly listen: Endpoint;
  /** Further places, as one of IPv6. */
  readonly listenAlso?: readonly Endpoint[];
  /** Our addresses, as literals: NETINFO tells them, so that peers take our links as canonical. */
  readonly hosts: readonly string[];
  /** Default: no exit. */
  readonly exitPolicy?: ExitPolicy;
  /** For networks of tests: circuits may be extended to, and streams opened to, private addresses. */
  readonly allowPrivateAddresses?: boolean;
  /** Whether Counter Galois Onion is agreed to. Default: true. */
  readonly cgo?: boolean;
  /** Of the consensus; empty as long as there is none. Renewed by {@link OnionRelay.setConsensusParams}. */
  readonly params?: ConsensusParams;
  /** Settings of the operator that go before the consensus. */
  readonly dos?: Partial<DosParams>;
  readonly limits?: Partial<RelayLimits>;
}
