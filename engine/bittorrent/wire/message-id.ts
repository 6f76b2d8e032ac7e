/** The byte behind the length prefix of a peer message. BEP 3, 5 (port), 6 (13–17), 10 (20), 52 (21–23). */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggestPiece: 13,
  haveAll: 14,
  haveNone: 15,
  rejectRequest: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** What {@link import('./frame.ts').peekMessage} reports for a frame of length 0, which has no id. */
export const KEEP_ALIVE_ID = -1;
/** Length prefix of every frame. */
export const LENGTH_PREFIX_BYTES = 4;
/** BEP 52: pieces root, base layer, index, length, proof layers. */
export const HASH_REQUEST_BYTES = 48;
