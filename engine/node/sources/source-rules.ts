/** Where a torrent may come from, besides peers that a user names and those that call. */
export interface SourceSettings {
  readonly trackers: boolean;
  readonly dht: boolean;
  readonly pex: boolean;
  readonly lsd: boolean;
  /** Web seeds that the torrent names. Default: yes. */
  readonly webSeeds?: boolean;
}

/** Everything that the node has. What it has not (a DHT, say) is not used. */
export const ALL_SOURCES: SourceSettings = { trackers: true, dht: true, pex: true, lsd: true };

/** BEP 27: the peers of a private torrent come from its trackers and from nowhere else. The one place that decides it. */
export function sourcesFor(isPrivate: boolean, wanted: SourceSettings): SourceSettings {
  return isPrivate ? { ...wanted, dht: false, pex: false, lsd: false } : wanted;
}
