import { escapeXml } from '../report/escape.ts';
import { layoutPanel, type Panel, type PanelStyle } from '../report/panel.ts';
import { panelGroup } from '../report/panel-svg.ts';
import { colourStyle, PANEL_STYLE } from '../report/theme.ts';
import { machineLine } from '../support/machine.ts';
import { contestPanel, styleFor } from './panels.ts';
import type { PeersResult } from './types.ts';

const WIDTH = 1180;
const MARGIN = 28;
const GUTTER = 40;
const HEAD = 84;
const FOOT = 36;
const GAP = 20;
const TICKS = 3;

/** All contests in one picture for the README: two columns, light or dark by what the reader prefers. */
export function peersPicture(result: PeersResult): string {
  const panels = result.contests.map((contest) => contestPanel(contest, TICKS));
  const columnWidth = (WIDTH - 2 * MARGIN - GUTTER) / 2;
  const style = styleFor(panels, columnWidth);
  const sides = result.contests.map(({ section }) => (section === 'verify' || section === 'create' ? 0 : 1));
  const { places, height } = placePanels(panels, style, sides);
  const day = result.startedAt.slice(0, 10);
  const subtitle = `${machineLine(result.machine)}; ${result.machine.system}; ${day}`;
  const total = HEAD + height + FOOT;
  const groups = panels.map((panel, index) => {
    const { column, y } = places[index]!;
    return panelGroup(panel, style, MARGIN + column * (columnWidth + GUTTER), HEAD + y);
  });
  const foot =
    'Bars: medians. Strokes: single runs. “Allium is”: its median by theirs. Dashed line: what the machine could do, calibrated in the same run.';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="Allium beside other programs">
<style>${colourStyle('svg')}${PANEL_STYLE}text.top{font-size:22px;font-weight:700}text.sub{font-size:12px;fill:var(--soft)}rect.sheet{fill:var(--card);stroke:var(--edge)}</style>
<rect class="sheet" x=".5" y=".5" width="${WIDTH - 1}" height="${total - 1}" rx="14"/>
<text class="top" x="${MARGIN}" y="40">Allium beside other programs</text>
<text class="sub" x="${MARGIN}" y="61">${escapeXml(subtitle)}</text>
${groups.join('\n')}
<text class="sub" x="${MARGIN}" y="${total - 18}">${escapeXml(foot)}</text>
</svg>
`;
}

/** Puts each panel into its column; when all belong to one column, into the one that is shorter so far. */
export function placePanels(
  panels: readonly Panel[],
  style: PanelStyle,
  columns: readonly (0 | 1)[],
): { readonly places: readonly { column: 0 | 1; y: number }[]; readonly height: number } {
  const heights: [number, number] = [0, 0];
  const mixed = new Set(columns).size > 1;
  const places = panels.map((panel, index) => {
    const shorter = heights[1] < heights[0] ? 1 : 0;
    const column = mixed ? columns[index]! : shorter;
    const y = heights[column];
    heights[column] += layoutPanel(panel, style).height + GAP;
    return { column, y } as const;
  });
  return { places, height: Math.max(0, ...heights) };
}
