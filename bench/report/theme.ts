const LIGHT = {
  page: '#f6f5fa',
  card: '#ffffff',
  edge: '#e5e2ef',
  ink: '#1f1b2d',
  soft: '#6b6580',
  faint: '#e9e6f2',
  own: '#7c3aed',
  'own-light': '#c4b5fd',
  'own-ink': '#5b21b6',
  other: '#a9b2c3',
  'other-light': '#dfe3ec',
  'other-mark': '#6f7a90',
  limit: '#c2570c',
  good: '#15803d',
  bad: '#c2263b',
} as const;

const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  page: '#131119',
  card: '#1c1926',
  edge: '#302b40',
  ink: '#ece9f5',
  soft: '#a39cb8',
  faint: '#2a2637',
  own: '#9d74f7',
  'own-light': '#4c3a80',
  'own-ink': '#c9b3ff',
  other: '#59617a',
  'other-light': '#343a4c',
  'other-mark': '#a3aec6',
  limit: '#f59e4b',
  good: '#4ade80',
  bad: '#fb7185',
};

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');
}

/** Colours for light and dark, chosen by what the reader prefers; `selector` carries them. */
export function colourStyle(selector: string): string {
  return (
    `${selector}{${variables(LIGHT)}color-scheme:light dark}` +
    `@media(prefers-color-scheme:dark){${selector}{${variables(DARK)}}}`
  );
}

const FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif";

/** How panels are painted. */
export const PANEL_STYLE = `
text{font-family:${FONT};font-size:12px;fill:var(--ink)}
text.title{font-size:14px;font-weight:650}
text.tick,text.head{font-size:10px;fill:var(--soft)}
text.label{fill:var(--ink)}
text.label.own{font-weight:700;fill:var(--own-ink)}
text.label.ceiling{font-style:italic;fill:var(--soft)}
text.value,text.cell{font-variant-numeric:tabular-nums}
text.value{font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
text.value.ceiling{font-weight:400;fill:var(--soft)}
text.good{fill:var(--good);font-weight:650}
text.bad{fill:var(--bad);font-weight:650}
line.grid{stroke:var(--faint);stroke-width:1}
rect.bar.own{fill:var(--own)}
rect.bar.other{fill:var(--other)}
rect.bar.ceiling{fill:none;stroke:var(--other-mark);stroke-width:1;stroke-dasharray:3 2}
rect.small.own{fill:var(--own-light)}
rect.small.other,rect.small.ceiling{fill:var(--other-light)}
line.run{stroke:var(--other-mark);stroke-width:1.2;opacity:.8}
line.run.own{stroke:var(--own-ink)}
line.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:4 3}
text.limit{font-size:10px;fill:var(--limit);paint-order:stroke;stroke:var(--card);stroke-width:3px}
`.replaceAll('\n', '');

/** How pages are set. */
export const PAGE_STYLE = `
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 ${FONT}}
main{max-width:1120px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:30px;line-height:1.2;margin:0 0 6px;letter-spacing:-.02em}
h2{font-size:20px;margin:44px 0 4px;letter-spacing:-.01em}
p{margin:4px 0 12px;max-width:78ch}
p.soft,.soft{color:var(--soft)}
a{color:var(--own-ink)}
.facts{display:flex;flex-wrap:wrap;gap:8px;margin:18px 0 8px}
.facts span{background:var(--card);border:1px solid var(--edge);border-radius:999px;padding:3px 12px;font-size:13px}
.legend{display:flex;flex-wrap:wrap;gap:18px;font-size:13px;color:var(--soft);margin:14px 0}
.legend i{display:inline-block;width:22px;height:12px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.card{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:18px 20px 10px;margin:14px 0}
.card svg{display:block;width:100%;height:auto}
details{margin:8px 0 8px;font-size:13px}
summary{cursor:pointer;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:10px 0;min-width:100%}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--edge);white-space:nowrap}
th{font-weight:600;color:var(--soft)}
th:first-child,td:first-child{text-align:left}
tr.own td{font-weight:650}
td.good{color:var(--good);font-weight:650}
td.bad{color:var(--bad);font-weight:650}
`.replaceAll('\n', '');
