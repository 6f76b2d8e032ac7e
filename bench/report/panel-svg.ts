import { escapeXml } from './escape.ts';
import { type Bar, layoutPanel, type Panel, type PanelLayout, type PanelStyle } from './panel.ts';

/** Room for the number beside the small bar of a cell. */
const CELL_TEXT_WIDTH = 34;

/** A panel as SVG elements in a group at (x, y). Colours come from the classes of `theme.ts`. */
export function panelGroup(panel: Panel, style: PanelStyle, x: number, y: number): string {
  const layout = layoutPanel(panel, style);
  const parts = [
    `<text class="title" x="0" y="15">${escapeXml(panel.title)}</text>`,
    ...grid(panel, layout),
    // Below the bars, so that the numbers stand out of it.
    ...ceilingLine(panel, layout),
    ...layout.bars.map((placed) => barGroup(placed, panel, layout, style)),
    ...columnHeads(panel, layout),
  ];
  return `<g transform="translate(${px(x)} ${px(y)})">${parts.join('')}</g>`;
}

/** A panel as an SVG picture of its own, to stand in a page that has the theme. */
export function panelSvg(panel: Panel, style: PanelStyle): string {
  const { width, height } = layoutPanel(panel, style);
  const label = escapeXml(panel.title);
  return `<svg viewBox="0 0 ${px(width)} ${px(height)}" role="img" aria-label="${label}">${panelGroup(panel, style, 0, 0)}</svg>`;
}

function grid(panel: Panel, layout: PanelLayout): readonly string[] {
  const { plot, ticks } = layout;
  const bottom = plot.y + plot.height;
  const lines = ticks.map(
    ({ x, text }) =>
      `<line class="grid" x1="${px(x)}" x2="${px(x)}" y1="${px(plot.y)}" y2="${px(bottom)}"/>` +
      `<text class="tick" x="${px(x)}" y="${px(bottom + 14)}" text-anchor="middle">${escapeXml(text)}</text>`,
  );
  const unit = `<text class="head" x="${px(plot.x)}" y="${px(plot.y - 8)}">${escapeXml(panel.unit)}</text>`;
  return [unit, ...lines];
}

function barGroup(
  placed: PanelLayout['bars'][number],
  panel: Panel,
  layout: PanelLayout,
  style: PanelStyle,
): string {
  const { bar, box, marks, valueX } = placed;
  const middle = px(box.y + box.height / 2);
  const label = `<text class="label ${bar.kind}" x="${px(style.labelWidth - 10)}" y="${middle}" text-anchor="end" dominant-baseline="central">${escapeXml(bar.label)}</text>`;
  const shape =
    box.width > 0
      ? `<rect class="bar ${bar.kind}" x="${px(box.x)}" y="${px(box.y)}" width="${px(box.width)}" height="${px(box.height)}" rx="3"/>`
      : '';
  const runs = marks
    .map(
      (x) =>
        `<line class="run ${bar.kind}" x1="${px(x)}" x2="${px(x)}" y1="${px(box.y + 2)}" y2="${px(box.y + box.height - 2)}"/>`,
    )
    .join('');
  const value = `<text class="value ${bar.kind}" x="${px(valueX)}" y="${middle}" dominant-baseline="central">${escapeXml(bar.valueText)}</text>`;
  return `<g>${label}${shape}${runs}${value}${cells(bar, panel, layout, box.y, box.height)}</g>`;
}

function cells(bar: Bar, panel: Panel, layout: PanelLayout, y: number, height: number): string {
  return bar.cells
    .map((cell, index) => {
      const left = layout.columnXs[index] ?? 0;
      const width = panel.columns[index]?.width ?? 0;
      const right = left + width;
      const small =
        cell.share === undefined
          ? ''
          : `<rect class="small ${bar.kind}" x="${px(left)}" y="${px(y)}" width="${px((width - CELL_TEXT_WIDTH) * cell.share)}" height="${px(height)}" rx="3"/>`;
      const text = `<text class="cell ${cell.tone}" x="${px(right)}" y="${px(y + height / 2)}" text-anchor="end" dominant-baseline="central">${escapeXml(cell.text)}</text>`;
      return small + text;
    })
    .join('');
}

function columnHeads(panel: Panel, layout: PanelLayout): readonly string[] {
  return panel.columns.map(({ title, width }, index) => {
    const right = (layout.columnXs[index] ?? 0) + width;
    return `<text class="head" x="${px(right)}" y="${px(layout.plot.y - 8)}" text-anchor="end">${escapeXml(title)}</text>`;
  });
}

function ceilingLine(panel: Panel, layout: PanelLayout): readonly string[] {
  const { line } = panel;
  const { lineX, plot } = layout;
  if (line === undefined || lineX === undefined) return [];
  const x = px(lineX);
  return [
    `<line class="limit" x1="${x}" x2="${x}" y1="${px(plot.y - 4)}" y2="${px(plot.y + plot.height)}"/>`,
    `<text class="limit" x="${x}" y="${px(plot.y - 8)}" text-anchor="middle">${escapeXml(line.text)}</text>`,
  ];
}

/** A tenth of a pixel is fine enough, and keeps the file short and the same everywhere. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
