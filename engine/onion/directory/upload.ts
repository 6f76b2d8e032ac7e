import { joinBytes } from '../crypto/bytes.ts';
import type { ServerDescriptor } from './descriptor-types.ts';
import type { DirectoryAnswer } from './directory-answer.ts';
import type { DirectoryRequest } from './directory-request.ts';
import { descriptorsPath } from './paths.ts';
import { parseServerDescriptor } from './server-descriptor.ts';

/** The request that brings a descriptor, and its extra-info behind it, to an authority. dir-spec, uploading. */
export function uploadRequest(descriptor: Uint8Array, extraInfo: Uint8Array | undefined): DirectoryRequest {
  const body = extraInfo === undefined ? descriptor : joinBytes(descriptor, extraInfo);
  return { method: 'POST', path: '/tor/', body };
}

/**
 * What the answer to an upload is worth. `unchecked`: an authority says 200 to rubbish too, {@link checkRequest} tells.
 * `known`: it has one already that differs in nothing that matters. `refused`: with its reason.
 */
export type UploadVerdict =
  | { readonly kind: 'unchecked' | 'known' }
  | { readonly kind: 'refused' | 'busy'; readonly reason: string };

/** Reads the answer to an {@link uploadRequest}. */
export function judgeUpload(answer: DirectoryAnswer): UploadVerdict {
  const { status, reason, isNotNew } = answer;
  if (status === 200) return { kind: isNotNew ? 'known' : 'unchecked' };
  if (status === 503) return { kind: 'busy', reason: `the authority is busy (503 ${reason})` };
  return { kind: 'refused', reason: `the authority refused the descriptor (${status} ${reason})` };
}

/** Asks the authority for the descriptor that it has of a relay. */
export function checkRequest(fingerprint: string): DirectoryRequest {
  return { method: 'GET', path: descriptorsPath('server', 'fp', [fingerprint]) };
}

/** Whether the authority has the descriptor that was sent. `accepted`: the very same, or an equal older one of ours. */
export type UploadCheck =
  | { readonly kind: 'accepted'; readonly publishedMs: number }
  | { readonly kind: 'rejected' | 'unclear'; readonly reason: string };

/** Reads the answer to a {@link checkRequest}. */
export function judgeCheck(answer: DirectoryAnswer, sent: ServerDescriptor, nowMs: number): UploadCheck {
  if (answer.status === 404) {
    const reason = `the authority has no descriptor of ${sent.nickname}: it took the upload and dropped it, its log says why`;
    return { kind: 'rejected', reason };
  }
  if (answer.status !== 200) {
    return { kind: 'unclear', reason: `the authority did not say (${answer.status} ${answer.reason})` };
  }
  const held = parseServerDescriptor(answer.body, nowMs);
  if (!held.ok)
    return { kind: 'unclear', reason: `the authority answered with something else: ${held.reason}` };
  if (held.value.fingerprint !== sent.fingerprint) {
    return { kind: 'unclear', reason: 'the authority answered with the descriptor of another relay' };
  }
  const { publishedMs } = held.value;
  if (held.value.digest === sent.digest || isCosmetic(held.value, sent))
    return { kind: 'accepted', publishedMs };
  return {
    kind: 'rejected',
    reason: 'the authority holds on to an older descriptor and did not take the new one',
  };
}

/** An authority drops a new descriptor that says the same as the one before. */
function isCosmetic(held: ServerDescriptor, sent: ServerDescriptor): boolean {
  const essence = (one: ServerDescriptor): string =>
    JSON.stringify([
      one.nickname,
      one.host,
      one.orPort,
      one.dirPort,
      one.ipv6,
      one.platform,
      [...one.protocols],
      one.bandwidth.rateBytesPerSec,
      one.bandwidth.burstBytesPerSec,
      [...one.ntorOnionKey],
      [...one.ed25519Id],
      one.policy.rules.map((rule) => ({ ...rule, network: { ...rule.network } })),
      one.policy6,
      one.family,
      one.familyIds,
      one.contact,
      one.isHiddenServiceDir,
      one.isTunnelledDirServer,
    ]);
  return essence(held) === essence(sent);
}
