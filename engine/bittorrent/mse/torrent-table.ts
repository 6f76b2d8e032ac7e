import { torrentHash } from './hashes.ts';

/** The torrents that a caller may mean, by HASH('req2', SKEY): as many look-ups as there are torrents become one. */
export class TorrentTable {
  private readonly infoHashes = new Map<string, Uint8Array>();

  get size(): number {
    return this.infoHashes.size;
  }

  /** `infoHash`: 20 bytes. */
  add(infoHash: Uint8Array): void {
    this.infoHashes.set(keyOf(torrentHash(infoHash)), infoHash);
  }

  remove(infoHash: Uint8Array): void {
    this.infoHashes.delete(keyOf(torrentHash(infoHash)));
  }

  find(hash: Uint8Array): Uint8Array | undefined {
    return this.infoHashes.get(keyOf(hash));
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1');
}
