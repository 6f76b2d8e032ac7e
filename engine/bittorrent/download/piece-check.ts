import type { HashService } from '../../kernels/hash-service.ts';
import type { Extent, Message } from '../../kernels/types.ts';
import type { Layout } from '../layout.ts';
import { hashOfPiece } from '../merkle.ts';
import { type PieceHashV2, pieceHashV1, pieceHashV2 } from '../metainfo/hashes.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { PieceIndex } from '../units.ts';
import type { PieceAssembly } from './piece-assembly.ts';

/** A piece whose blocks lie in the slab, in order. */
type Blocks = Pick<PieceAssembly, 'piece'> & { extents(): Extent[] };

/**
 * Whether a piece in the slab is what the torrent says: under its SHA-1 (BEP 3), under its merkle hash (BEP 52), and
 * for a hybrid torrent under both, so that the two swarms never disagree about a byte.
 */
export class PieceCheck {
  private readonly metainfo: Metainfo;
  private readonly layout: Layout;
  private readonly hashes: HashService;

  constructor(modules: {
    readonly metainfo: Metainfo;
    readonly layout: Layout;
    readonly hashes: HashService;
  }) {
    this.metainfo = modules.metainfo;
    this.layout = modules.layout;
    this.hashes = modules.hashes;
  }

  async passes(blocks: Blocks): Promise<boolean> {
    const extents = blocks.extents();
    const checks: Promise<boolean>[] = [];
    const hashV1 = pieceHashV1(this.metainfo, blocks.piece);
    const hashV2 = pieceHashV2(this.metainfo, this.layout, blocks.piece);
    if (hashV1 !== undefined) checks.push(this.passesV1(hashV1, extents));
    if (hashV2 !== undefined) checks.push(this.passesV2(blocks.piece, hashV2, extents));
    // Nothing to compare with is no proof.
    return checks.length > 0 && (await Promise.all(checks)).every((passes) => passes);
  }

  private async passesV1(expected: Uint8Array, extents: Message): Promise<boolean> {
    return equal(await this.hashes.digest('sha1', [extents]), expected);
  }

  private async passesV2(piece: PieceIndex, expected: PieceHashV2, extents: Message): Promise<boolean> {
    if (expected.hash === undefined) return false;
    const messages: Message[] = [];
    let left: number = this.layout.hashedLengthV2(piece);
    for (const { offset, byteLength } of extents) {
      if (left <= 0) break;
      messages.push([{ offset, byteLength: Math.min(left, byteLength) }]);
      left -= byteLength;
    }
    const leaves = await this.hashes.digest('sha256', messages);
    return equal(hashOfPiece(leaves, this.metainfo.pieceLength, expected.isOnlyPiece), expected.hash);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
