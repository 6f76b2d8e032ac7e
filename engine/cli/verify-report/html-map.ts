/** What a stretch of a strip shows, from the least to the most important. */
export type Shade = 'none' | 'good' | 'warn' | 'bad';

/** A stretch from `from` up to and without `to`, on the scale of the whole strip. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly shade: Shade;
}

const CELLS = 100;
const RANK: readonly Shade[] = ['none', 'good', 'warn', 'bad'];

/**
 * A strip of colours for `total` pieces or bytes. Each of its cells shows the worst of what it covers, so that one bad
 * piece among a million is still seen. What no stretch covers has the shade `ground`.
 */
export function stripSvg(total: number, ground: Shade, stretches: readonly Stretch[], label: string): string {
  const cells = new Array<number>(CELLS).fill(RANK.indexOf(ground));
  const covered = new Uint8Array(CELLS);
  for (const { from, to, shade } of stretches) {
    const first = Math.min(CELLS - 1, Math.floor((from / total) * CELLS));
    const last = Math.min(CELLS - 1, Math.max(first, Math.ceil((to / total) * CELLS) - 1));
    const rank = RANK.indexOf(shade);
    for (let cell = first; cell <= last; cell += 1) {
      // Something of no interest must fill its cell to be seen there.
      const fills = shade !== 'none' || (cell > first && cell < last) || to - from >= total / CELLS;
      if (fills && (covered[cell] === 0 || rank > cells[cell]!)) cells[cell] = rank;
      if (fills) covered[cell] = 1;
    }
  }
  const rects: string[] = [];
  for (let start = 0; start < CELLS; ) {
    let end = start + 1;
    while (end < CELLS && cells[end] === cells[start]) end += 1;
    rects.push(`<rect class="${RANK[cells[start]!]}" x="${start}" width="${end - start}" height="1"/>`);
    start = end;
  }
  return `<svg class="strip" shape-rendering="crispEdges" viewBox="0 0 ${CELLS} 1" preserveAspectRatio="none" role="img" aria-label="${label}">${rects.join('')}</svg>`;
}
