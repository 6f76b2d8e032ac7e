import { columnsOf, printable, truncate } from '../../codec/text.ts';
import type { Paint } from './colour.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align?: 'left' | 'right';
  /** A longer cell is cut. */
  readonly columnsMax?: number;
}

export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}

/**
 * A table as text, one line per row, ending in a line feed. Cells are made {@link printable}; columns are as wide
 * as their widest cell.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  headPaint: Paint = (text) => text,
): string {
  const head = columns.map((column): Cell => ({ text: column.title, paint: headPaint }));
  const lines = [
    head,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell))),
  ];
  const cut = lines.map((line) =>
    line.map((cell, index) => ({
      ...cell,
      text: truncate(printable(cell.text), columns[index]?.columnsMax ?? Number.POSITIVE_INFINITY),
    })),
  );
  const widths = columns.map((_, index) =>
    Math.max(...cut.map((line) => columnsOf(line[index]?.text ?? ''))),
  );
  const format = (line: readonly Cell[]): string =>
    line
      .map((cell, index) => {
        const text = cell.paint === undefined ? cell.text : cell.paint(cell.text);
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - columnsOf(cell.text)));
        if (columns[index]?.align === 'right') return space + text;
        return index === columns.length - 1 ? text : text + space;
      })
      .join('  ')
      .trimEnd();
  return `${cut.map(format).join('\n')}\n`;
}
