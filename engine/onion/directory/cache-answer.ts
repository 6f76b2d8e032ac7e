import type { AuthorityCertificate } from './authority-types.ts';
import { type ContentEncoding, chooseEncoding, packBody } from './compression.ts';
import type { AnswerDraft } from './directory-answer.ts';
import type { DirectoryRequest } from './directory-request.ts';
import { type DirectoryResource, readDirectoryPath } from './paths.ts';
import type { DirectoryStore } from './store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Bodies shorter than this go out as they are. */
const PACK_FROM_BYTES = 1024;

/** The answer of a cache, from what it has. Hidden service descriptors are looked after elsewhere. dir-spec, URLs. */
export function answerDirectoryRequest(
  store: DirectoryStore,
  request: DirectoryRequest,
  nowMs: number,
): AnswerDraft {
  const { resource, isPacked } = readDirectoryPath(request.path, request.method);
  const encoding = isPacked ? 'deflate' : chooseEncoding(request.acceptEncoding ?? '');
  const sinceMs = request.ifModifiedSinceMs ?? Number.NEGATIVE_INFINITY;
  switch (resource.kind) {
    case 'consensus':
      return consensusAnswer(store, resource, { encoding, sinceMs, nowMs });
    case 'keys': {
      const found = store.certificates.filter((one) => isWanted(resource, one) && one.expiresMs > nowMs);
      const newestMs = found.reduce((newest, one) => Math.max(newest, one.publishedMs), 0);
      if (found.length > 0 && newestMs <= sinceMs) return plain(304, 'Not modified');
      return documents(
        found.map((one) => one.text),
        encoding,
        HOUR_MS,
      );
    }
    case 'micro': {
      const found = resource.digests.flatMap((digest) => store.microdescriptor(digest)?.bytes ?? []);
      return documents(found, encoding, 48 * HOUR_MS);
    }
    case 'server':
    case 'extra':
      return documents(descriptorTexts(store, resource), encoding, 48 * HOUR_MS);
    case 'publish':
      return plain(400, 'This directory is no authority');
    default:
      return plain(404, 'Not found');
  }
}

function plain(status: AnswerDraft['status'], reason: string): AnswerDraft {
  return { status, reason, body: [], encoding: 'identity', lifetimeMs: undefined };
}

function documents(found: readonly Uint8Array[], encoding: ContentEncoding, lifetimeMs: number): AnswerDraft {
  if (found.length === 0) return plain(404, 'Not found');
  const byteLength = found.reduce((sum, one) => sum + one.length, 0);
  if (encoding === 'identity' || byteLength < PACK_FROM_BYTES) {
    return { status: 200, reason: 'OK', body: found, encoding: 'identity', lifetimeMs };
  }
  return {
    status: 200,
    reason: 'OK',
    body: [packBody(Buffer.concat(found), encoding)],
    encoding,
    lifetimeMs,
  };
}

function consensusAnswer(
  store: DirectoryStore,
  resource: DirectoryResource & { kind: 'consensus' },
  request: { readonly encoding: ContentEncoding; readonly sinceMs: number; readonly nowMs: number },
): AnswerDraft {
  const stored = store.consensus(resource.flavour);
  if (stored === undefined) return plain(404, 'Not found');
  const { validAfterMs, freshUntilMs, signatures } = stored.consensus;
  if (validAfterMs <= request.sinceMs) return plain(304, 'Not modified');
  const signed = resource.signers.filter((one) => signatures.some(({ v3ident }) => v3ident.startsWith(one)));
  if (resource.signers.length > 0 && signed.length * 2 <= resource.signers.length) {
    return plain(404, 'Consensus not signed by sufficient number of requested authorities');
  }
  const lifetimeMs = Math.max(MINUTE_MS, freshUntilMs - request.nowMs);
  const body = [stored.packed(request.encoding)];
  return { status: 200, reason: 'OK', body, encoding: request.encoding, lifetimeMs };
}

function isWanted(
  resource: DirectoryResource & { kind: 'keys' },
  certificate: AuthorityCertificate,
): boolean {
  const { v3ident, signingKeyDigest } = certificate;
  switch (resource.by) {
    case 'all':
      return true;
    case 'authority':
      return false;
    case 'fp':
      return resource.digests.includes(v3ident);
    case 'sk':
      return resource.digests.includes(signingKeyDigest);
    case 'fp-sk':
      return resource.pairs.some(
        (one) => one.v3ident === v3ident && one.signingKeyDigest === signingKeyDigest,
      );
  }
}

/** `authority` is what clients ask a bridge or relay for: the descriptor of the one who answers. */
function descriptorTexts(
  store: DirectoryStore,
  resource: DirectoryResource & { kind: 'server' | 'extra' },
): readonly Uint8Array[] {
  const { own } = store;
  const ownText = resource.kind === 'server' ? own?.descriptor : own?.extraInfo;
  const ownList = ownText === undefined ? [] : [ownText];
  // Extra-info of others is not kept; all descriptors at once is for authorities.
  if (!('digests' in resource)) return resource.by === 'authority' ? ownList : [];
  return resource.digests.flatMap((digest) => {
    if (resource.by === 'fp' && digest === own?.fingerprint) return ownList;
    if (resource.kind === 'extra') return [];
    const found = resource.by === 'fp' ? store.descriptorOf(digest) : store.descriptor(digest);
    return found?.text ?? [];
  });
}
