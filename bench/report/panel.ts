import type { Scale } from './scale.ts';

/** Ours, somebody else's, or a ceiling: how a bar is painted. */
export type BarKind = 'own' | 'other' | 'ceiling';

/** One bar with what stands beside it. */
export interface Bar {
  readonly label: string;
  readonly kind: BarKind;
  /** NaN draws no bar: there is no result. */
  readonly value: number;
  /** Such as `1,912`; stands at the end of the bar. */
  readonly valueText: string;
  /** Single runs, drawn as ticks over the bar. */
  readonly marks: readonly number[];
  readonly cells: readonly BarCell[];
}

/** A number in a column right of the bars. */
export interface BarCell {
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
  /** Length of a small bar left of the number, 0 to 1 of the room there. */
  readonly share?: number;
}

export interface CellColumn {
  readonly title: string;
  readonly width: number;
}

/** A chart of horizontal bars over one scale. */
export interface Panel {
  readonly title: string;
  /** What the axis counts, such as MB/s. */
  readonly unit: string;
  readonly scale: Scale;
  readonly tickText: (value: number) => string;
  readonly bars: readonly Bar[];
  readonly columns: readonly CellColumn[];
  /** A line across all bars: what the machine could do at best. */
  readonly line?: { readonly value: number; readonly text: string };
}

/** Measures in pixels of the picture. */
export interface PanelStyle {
  readonly width: number;
  readonly barHeight: number;
  readonly rowHeight: number;
  readonly labelWidth: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where everything of a panel goes, relative to its upper left corner. */
export interface PanelLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly bars: readonly {
    readonly bar: Bar;
    readonly box: Box;
    readonly marks: readonly number[];
    readonly valueX: number;
  }[];
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  /** The left edge of each column. */
  readonly columnXs: readonly number[];
  readonly lineX: number | undefined;
}

const HEAD_HEIGHT = 40;
const FOOT_HEIGHT = 22;
const COLUMN_GAP = 14;
/** Room at the right end of the plot for the number of the longest bar. */
const VALUE_WIDTH = 52;

/** Places all parts of a panel. Pure: the same panel gives the same layout. */
export function layoutPanel(panel: Panel, style: PanelStyle): PanelLayout {
  const columnsWidth = panel.columns.reduce((sum, column) => sum + column.width + COLUMN_GAP, 0);
  const plot: Box = {
    x: style.labelWidth,
    y: HEAD_HEIGHT,
    width: Math.max(40, style.width - style.labelWidth - columnsWidth - VALUE_WIDTH),
    height: panel.bars.length * style.rowHeight,
  };
  const xOf = (value: number): number => plot.x + panel.scale.at(value) * plot.width;
  const bars = panel.bars.map((bar, index) => {
    const width = Number.isFinite(bar.value) ? xOf(bar.value) - plot.x : 0;
    const y = plot.y + index * style.rowHeight + (style.rowHeight - style.barHeight) / 2;
    const marks = bar.marks.map(xOf);
    const box = { x: plot.x, y, width, height: style.barHeight };
    return { bar, box, marks, valueX: Math.max(plot.x + width, ...marks) + 6 };
  });
  const columnXs: number[] = [];
  let x = plot.x + plot.width + VALUE_WIDTH;
  for (const column of panel.columns) {
    columnXs.push(x + COLUMN_GAP);
    x += column.width + COLUMN_GAP;
  }
  return {
    ...{ width: style.width, height: HEAD_HEIGHT + plot.height + FOOT_HEIGHT },
    ...{ plot, bars, columnXs },
    ticks: panel.scale.ticks.map((value) => ({ x: xOf(value), text: panel.tickText(value) })),
    lineX: panel.line === undefined ? undefined : xOf(panel.line.value),
  };
}

/** Width that holds the longest label, by the mean width of a character. */
export function labelWidthFor(labels: readonly string[], pixelsPerCharacter = 6.4): number {
  return Math.ceil(Math.max(0, ...labels.map((label) => label.length)) * pixelsPerCharacter) + 12;
}
