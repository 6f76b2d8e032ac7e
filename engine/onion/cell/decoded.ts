/** What is wrong with bytes from the network. Counted by name. */
export type CellFault =
  | 'short' // it ends before its fields do
  | 'long' // there is more than its fields need
  | 'too-long' // beyond a bound of ours
  | 'bad-length' // a length inside it says more than there is
  | 'bad-value' // a field has a value that it may not have
  | 'bad-address' // an address that is none
  | 'bad-order' // entries that must ascend do not, or one is there twice
  | 'bad-version' // a version of the message that we do not know
  | 'unknown-command'; // a command that is none, where that matters

/** A message, or what is wrong with it. Decoders of this room never throw. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: CellFault };

/** A message that is good. */
export function good<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

/** One that is not. */
export function bad<T = never>(fault: CellFault): Decoded<T> {
  return { ok: false, fault };
}
