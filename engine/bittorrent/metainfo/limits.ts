/** What a torrent may ask of us. LIMITS.md says what happens at each bound. */
export interface MetainfoLimits {
  /** Bytes of a whole torrent file. */
  readonly torrentBytesMax: number;
  /** Bencoded values and keys in it. */
  readonly itemCountMax: number;
  /** Lists and dictionaries inside one another; folders of a BEP 52 file tree are dictionaries. */
  readonly depthMax: number;
  /** Files, padding included. */
  readonly fileCountMax: number;
  readonly pieceCountMax: number;
  readonly pieceLengthMax: number;
  /** UTF-8 bytes of one path component: what common file systems hold. */
  readonly nameBytesMax: number;
  /** UTF-8 bytes of a whole path inside the torrent, separators included. */
  readonly pathBytesMax: number;
  /** Tracker URLs over all tiers; the rest is left out with a warning. */
  readonly trackerCountMax: number;
  /** Web seed URLs; the rest is left out with a warning. */
  readonly webSeedCountMax: number;
  /** Bytes of a tracker or web seed URL; a longer one is left out with a warning. */
  readonly urlBytesMax: number;
  /** Warnings kept; the rest is only counted. */
  readonly warningCountMax: number;
}

/** Room for a torrent of 60 TB in 16 MiB pieces or 300,000 files. */
export const METAINFO_LIMITS: MetainfoLimits = {
  torrentBytesMax: 128 * 1024 * 1024,
  itemCountMax: 4_000_000,
  depthMax: 100,
  fileCountMax: 300_000,
  pieceCountMax: 4_194_304,
  pieceLengthMax: 512 * 1024 * 1024,
  nameBytesMax: 255,
  pathBytesMax: 4096,
  trackerCountMax: 1000,
  webSeedCountMax: 1000,
  urlBytesMax: 2048,
  warningCountMax: 16,
};
