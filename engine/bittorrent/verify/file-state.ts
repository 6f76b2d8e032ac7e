/** What was found where a file of the torrent should lie. */
export type FileState =
  | {
      readonly kind: 'file';
      readonly byteLength: number;
      /** Unix milliseconds, with what fraction the file system keeps. */
      readonly modifiedMs: number;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong-kind'; readonly found: 'directory' | 'other' }
  /** `code` is the system's, such as EACCES or EIO. */
  | { readonly kind: 'unreadable'; readonly code: string };

/** Why a file cannot be right, whatever its hashes say. */
export type FileProblem =
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong-kind'; readonly found: 'directory' | 'other' }
  | { readonly kind: 'short'; readonly byteLength: number }
  | { readonly kind: 'long'; readonly byteLength: number }
  /** It could be opened no more, or a part of it could not be read. */
  | { readonly kind: 'unreadable'; readonly code: string }
  /** It became shorter, or another file took its place, while it was read. */
  | { readonly kind: 'changed'; readonly byteLength: number };

/** What is wrong with a file that should have `expectedBytes`, as far as can be seen without reading it. */
export function problemOf(state: FileState, expectedBytes: number): FileProblem | undefined {
  if (state.kind !== 'file') return state;
  if (state.byteLength < expectedBytes) return { kind: 'short', byteLength: state.byteLength };
  if (state.byteLength > expectedBytes) return { kind: 'long', byteLength: state.byteLength };
  return undefined;
}

/** How many bytes from the start of the file can be read at all. */
export function availableBytes(state: FileState): number {
  return state.kind === 'file' ? state.byteLength : 0;
}
