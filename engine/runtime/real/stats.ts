/** What the real world counts. Live: read it whenever you like. */
export interface RealStats {
  /** Received bytes that had to be copied in user space, because the socket could not read into the target. */
  bytesCopied: number;
  /** Datagrams not sent because too much was waiting, or the address could not be used. */
  datagramsDropped: number;
}

export function createRealStats(): RealStats {
  return { bytesCopied: 0, datagramsDropped: 0 };
}
