/** What a node counts of its datagrams. */
export class Counters {
  datagramsIn = 0;
  datagramsOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  queriesIn = 0;
  malformed = 0;
  limited = 0;

  view(): {
    readonly datagramsIn: number;
    readonly datagramsOut: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly queriesIn: number;
    readonly malformed: number;
    readonly limited: number;
  } {
    const { datagramsIn, datagramsOut, bytesIn, bytesOut, queriesIn, malformed, limited } = this;
    return { datagramsIn, datagramsOut, bytesIn, bytesOut, queriesIn, malformed, limited };
  }
}
