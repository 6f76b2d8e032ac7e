import { paddedBase64 } from './text.ts';

/** An object as it stands behind a keyword line: base64 in lines of 64 characters. dir-spec, document meta-format. */
export function pemText(label: string, bytes: Uint8Array): string {
  const lines = paddedBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
