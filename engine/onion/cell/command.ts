/** Commands of cells. tor-spec, "cell packet format". The obsolete ones (1, 2, 132) are not here. */
export const CELL = {
  padding: 0,
  relay: 3,
  destroy: 4,
  createFast: 5,
  createdFast: 6,
  versions: 7,
  netinfo: 8,
  relayEarly: 9,
  create2: 10,
  created2: 11,
  paddingNegotiate: 12,
  vpadding: 128,
  certs: 129,
  authChallenge: 130,
  authenticate: 131,
  authorize: 132,
} as const;

/** A command of a cell as it stands on the wire; may be one that nobody knows. */
export type CellCommand = number;

/** Bytes of a fixed cell with a 4-byte circuit number. */
export const CELL_BYTES = 514;
/** Bytes of the body of a fixed cell. */
export const CELL_BODY_BYTES = 509;
/** Where a fixed cell's body begins. */
export const CELL_BODY_AT = 5;
/** Circuit number (4), command (1), length (2) of a variable cell. */
export const VARIABLE_HEADER_BYTES = 7;
/** The same for VERSIONS, whose circuit number has 2 bytes. */
export const VERSIONS_HEADER_BYTES = 5;

/** Whether cells of that command say their own length. tor-spec: VERSIONS, and all from 128 on. */
export function isVariable(command: CellCommand): boolean {
  return command >= 128 || command === CELL.versions;
}
