import { sha1, sha3, sha256 } from '../crypto/digest.ts';
import { readFooter } from './consensus-footer.ts';
import { readPreamble } from './consensus-preamble.ts';
import type { Consensus, RouterStatus } from './consensus-types.ts';
import { type DocumentLimits, LineReader } from './line-reader.ts';
import { failure, type Result, success } from './result.ts';
import { RouterStatusReader } from './router-status.ts';
import { latin1Text } from './text.ts';

/** Bounds of a consensus: the public network of 2026 has 3 MB and 9,000 relays. */
export const CONSENSUS_LIMITS: DocumentLimits & { readonly routersMax: number } = {
  bytesMax: 16 * 1024 * 1024,
  lineBytesMax: 128 * 1024,
  objectBytesMax: 8192,
  linesMax: 500_000,
  routersMax: 50_000,
};

/**
 * Reads a consensus of either flavour. It is not to be believed before verifyConsensus has looked at it. Entries of
 * relays that make no sense are left out and counted; anything else that makes no sense refuses the document.
 */
export function parseConsensus(
  bytes: Uint8Array,
  limits: DocumentLimits & { readonly routersMax: number } = CONSENSUS_LIMITS,
): Result<Consensus> {
  if (bytes.length > limits.bytesMax) return failure(`the consensus is longer than ${limits.bytesMax} bytes`);
  const lines = new LineReader(latin1Text(bytes), limits);
  const preamble = readPreamble(lines);
  if (!preamble.ok) return failure(`the consensus cannot be read: ${preamble.reason}`);
  const routers = readRouters(lines, preamble.value.flavour, limits.routersMax);
  if (!routers.ok) return failure(`the consensus cannot be read: ${routers.reason}`);
  const footer = readFooter(lines);
  if (!footer.ok) return failure(`the consensus cannot be read: ${footer.reason}`);
  const signed = bytes.subarray(0, footer.value.signedEnd);
  return success({
    ...preamble.value,
    routers: routers.value.routers,
    routersLeftOut: routers.value.leftOut,
    bandwidthWeights: footer.value.bandwidthWeights,
    signatures: footer.value.signatures,
    digestSha1: sha1(signed),
    digestSha256: sha256(signed),
    digestSha3: sha3(signed),
  });
}

function readRouters(
  lines: LineReader,
  flavour: Consensus['flavour'],
  countMax: number,
): Result<{ routers: readonly RouterStatus[]; leftOut: number }> {
  const reader = new RouterStatusReader(flavour);
  const routers: RouterStatus[] = [];
  let leftOut = 0;
  let last = '';
  while (lines.keyword === 'r') {
    const { status, more } = reader.read(lines);
    if (status === undefined) leftOut++;
    else {
      if (status.fingerprint <= last) return failure(`the relay ${status.fingerprint} is not in order`);
      last = status.fingerprint;
      routers.push(status);
    }
    if (routers.length + leftOut > countMax) return failure(`more than ${countMax} relays`);
    if (!more) return failure(lines.fault === '' ? 'the footer is missing' : `the document ${lines.fault}`);
  }
  return success({ routers, leftOut });
}
