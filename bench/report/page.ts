import { escapeXml } from './escape.ts';
import { colourStyle, PAGE_STYLE, PANEL_STYLE } from './theme.ts';

/** A whole HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${colourStyle(':root')}${PAGE_STYLE}${PANEL_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

/** A table cell: text, or text with a tone. */
export type HtmlCell = string | { readonly text: string; readonly tone: 'plain' | 'good' | 'bad' };

/** A table; the rows whose index is in `own` are set apart. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly HtmlCell[])[],
  own: ReadonlySet<number> = new Set(),
): string {
  const headCells = head.map((text) => `<th>${escapeXml(text)}</th>`).join('');
  const body = rows.map((row, index) => {
    const cells = row.map((cell) => {
      const { text, tone } = typeof cell === 'string' ? { text: cell, tone: 'plain' } : cell;
      return tone === 'plain' ? `<td>${escapeXml(text)}</td>` : `<td class="${tone}">${escapeXml(text)}</td>`;
    });
    return `<tr${own.has(index) ? ' class="own"' : ''}>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${headCells}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
