import { escapeXml } from '../report/escape.ts';
import { colourStyle, PANEL_STYLE } from '../report/theme.ts';
import { fitLog, type NetworkRow } from './curves.ts';

const WIDTH = 640;
const HEIGHT = 380;
const LEFT = 56;
const RIGHT = 24;
const TOP = 64;
const BOTTOM = 52;

/** Hops of look-ups over the size of the network, with the c·log2 N that fits them. */
export function hopsPicture(rows: readonly NetworkRow[]): string {
  const sorted = rows.toSorted((a, b) => a.nodes - b.nodes);
  const c = fitLog(sorted);
  const [least, most] = [Math.log10(sorted[0]!.nodes), Math.log10(sorted.at(-1)!.nodes)];
  const hopsMax = Math.ceil(
    Math.max(...sorted.map(({ hops, nodes }) => Math.max(hops, c * Math.log2(nodes)))),
  );
  const x = (nodes: number): number =>
    LEFT + ((Math.log10(nodes) - least) / Math.max(1e-9, most - least)) * (WIDTH - LEFT - RIGHT);
  const y = (hops: number): number => HEIGHT - BOTTOM - (hops / hopsMax) * (HEIGHT - TOP - BOTTOM);
  const point = ({ nodes }: NetworkRow, hops: number): string =>
    `${x(nodes).toFixed(1)},${y(hops).toFixed(1)}`;
  const lines = [
    `<polyline class="fit" points="${sorted.map((row) => point(row, c * Math.log2(row.nodes))).join(' ')}"/>`,
    `<polyline class="own" points="${sorted.map((row) => point(row, row.hops)).join(' ')}"/>`,
    ...sorted.map((row) => `<circle class="own" cx="${x(row.nodes)}" cy="${y(row.hops)}" r="4"/>`),
    ...sorted.map(
      (row) =>
        `<text class="tick" text-anchor="middle" x="${x(row.nodes)}" y="${HEIGHT - BOTTOM + 18}">${row.nodes.toLocaleString('en')}</text>`,
    ),
    ...Array.from(
      { length: hopsMax + 1 },
      (_, hops) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(hops)}" y2="${y(hops)}"/><text class="tick" text-anchor="end" x="${LEFT - 8}" y="${y(hops) + 4}">${hops}</text>`,
    ),
  ];
  const title = 'Hops until the first peer is found';
  const note = `Simulated, all nodes answer. Dashed: ${c.toFixed(3)} · log2 N`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(title)}">
<style>${colourStyle('svg')}${PANEL_STYLE}rect.sheet{fill:var(--card);stroke:var(--edge)}polyline{fill:none;stroke-width:2}polyline.own{stroke:var(--own)}circle.own{fill:var(--own)}polyline.fit{stroke:var(--limit);stroke-dasharray:5 4}line.grid{stroke:var(--faint)}</style>
<rect class="sheet" x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="14"/>
<text class="title" x="${LEFT}" y="28">${escapeXml(title)}</text>
<text class="tick" x="${LEFT}" y="46">${escapeXml(note)}</text>
${lines.reverse().join('\n')}
<text class="tick" text-anchor="middle" x="${WIDTH / 2}" y="${HEIGHT - 12}">nodes in the network</text>
</svg>
`;
}
