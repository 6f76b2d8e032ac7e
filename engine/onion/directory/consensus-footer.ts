import { readParams } from './consensus-preamble.ts';
import type { ConsensusSignature } from './consensus-types.ts';
import type { LineReader } from './line-reader.ts';
import { failure, type Result, success } from './result.ts';
import { readFingerprint } from './text.ts';

/** Signatures of one consensus; the public network has 9 authorities. */
export const CONSENSUS_SIGNATURES_MAX = 64;

/** What stands behind the relays. */
export interface Footer {
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly signatures: readonly ConsensusSignature[];
  /** Where the signed part ends: behind the first “directory-signature ”. */
  readonly signedEnd: number;
}

/** Reads to the end; `lines` stands on `directory-footer`. */
export function readFooter(lines: LineReader): Result<Footer> {
  if (lines.keyword !== 'directory-footer') return failure('the footer is missing');
  let bandwidthWeights: ReadonlyMap<string, number> = new Map();
  const signatures: ConsensusSignature[] = [];
  let signedEnd = 0;
  while (lines.next()) {
    const keyword: string = lines.keyword;
    if (keyword === 'bandwidth-weights') {
      const weights = readParams(lines.rest);
      if (weights === undefined || bandwidthWeights.size > 0)
        return failure('the bandwidth weights make no sense');
      bandwidthWeights = weights;
    } else if (keyword === 'directory-signature') {
      if (signedEnd === 0) signedEnd = lines.start + 'directory-signature '.length;
      const signature = readSignature(lines);
      if (signature === undefined) return failure('a signature makes no sense');
      if (signatures.length >= CONSENSUS_SIGNATURES_MAX) {
        return failure(`more than ${CONSENSUS_SIGNATURES_MAX} signatures`);
      }
      if (signature !== 'unknown') signatures.push(signature);
    } else if (signedEnd > 0) return failure('something unsigned stands among the signatures');
  }
  if (lines.fault !== '') return failure(`the document ${lines.fault}`);
  if (signedEnd === 0) return failure('it has no signature');
  return success({ bandwidthWeights, signatures, signedEnd });
}

/** `unknown`: of an algorithm of later times. */
function readSignature(lines: LineReader): ConsensusSignature | 'unknown' | undefined {
  const words = lines.words();
  const algorithm = words.length === 2 ? 'sha1' : words[0];
  const [identity, key] = words.slice(-2);
  const v3ident = readFingerprint(identity);
  const signingKeyDigest = readFingerprint(key);
  const object = lines.object();
  if (words.length > 3 || v3ident === undefined || signingKeyDigest === undefined) return undefined;
  if (object?.label !== 'SIGNATURE') return undefined;
  if (algorithm !== 'sha1' && algorithm !== 'sha256') return 'unknown';
  return { algorithm, v3ident, signingKeyDigest, signature: object.bytes };
}
