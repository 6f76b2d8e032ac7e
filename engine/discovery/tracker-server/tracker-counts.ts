/** What a tracker has done since it was started. Numbers only, so that they can be shown and summed. */
export interface TrackerCounts {
  udpConnects: number;
  udpAnnounces: number;
  udpScrapes: number;
  httpAnnounces: number;
  httpScrapes: number;
  /** Not what the protocol says, and not answered. */
  malformed: number;
  /** Connection identifiers that are too old, or of another address (BEP 15). */
  wrongConnection: number;
  /** Announces that the rules of a private tracker do not allow. */
  refused: number;
}

export function newTrackerCounts(): TrackerCounts {
  return {
    udpConnects: 0,
    udpAnnounces: 0,
    udpScrapes: 0,
    httpAnnounces: 0,
    httpScrapes: 0,
    malformed: 0,
    wrongConnection: 0,
    refused: 0,
  };
}
