/** What a decoder of bytes from strangers gives: the value, or in `reason` one sentence for the operator. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
