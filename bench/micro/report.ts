import { type Column, formatTable } from '../../engine/cli/support/table.ts';
import { formatBytes } from '../../engine/codec/units.ts';
import { escapeXml } from '../report/escape.ts';
import { htmlPage, htmlTable } from '../report/page.ts';
import { type Bar, labelWidthFor, type Panel, type PanelStyle } from '../report/panel.ts';
import { panelSvg } from '../report/panel-svg.ts';
import { logScale } from '../report/scale.ts';
import type { MicroCase, MicroResult, MicroSuite } from './types.ts';

const PANEL_WIDTH = 1040;
const LABEL_WIDTH_MAX = 560;
/** Mean width of a bold character, pixels. */
const BOLD_CHARACTER = 7.2;
const RIGHT = 'right';
const COLUMNS: readonly Column[] = [
  { title: '', columnsMax: 84 },
  { title: 'median', align: RIGHT },
  { title: '± MAD', align: RIGHT },
  { title: 'p99', align: RIGHT },
  { title: 'per second', align: RIGHT },
  { title: 'samples', align: RIGHT },
];

/** One suite as a table for a terminal. */
export function suiteText(suite: MicroSuite): string {
  return `${suite.title}\n${formatTable(
    COLUMNS,
    suite.cases.map((each) => [each.name, ...numbersOf(each)]),
  )}`;
}

/** The page of results: a chart for each suite, on a logarithmic scale. */
export function microHtml(result: MicroResult): string {
  const { machine } = result;
  const facts = [
    ...[machine.cpu, `${machine.coreCount} cores`, formatBytes(machine.memoryBytes), machine.system],
    ...[`Node ${machine.node}`, `OpenSSL ${machine.openssl}`, `load before ${machine.loadBefore.toFixed(1)}`],
    result.startedAt.replace(/:\d\d\..*$/, ' UTC').replace('T', ' '),
    ...(result.commit === '' ? [] : [`commit ${result.commit}`]),
  ];
  const head = `<h1>Allium in small</h1>
<p class="soft">What one call costs, in one process. Shorter bars are faster; the scale is logarithmic: every line is ten times the one before. The stroke is the 99th percentile.</p>
<div class="facts">${facts.map((fact) => `<span>${escapeXml(fact)}</span>`).join('')}</div>`;
  return htmlPage('Allium in small', [head, ...result.suites.map(suiteHtml)].join('\n'));
}

function suiteHtml(suite: MicroSuite): string {
  const panel = suitePanel(suite);
  const labels = suite.cases.map(({ name }) => name);
  const labelWidth = Math.min(LABEL_WIDTH_MAX, labelWidthFor(labels, BOLD_CHARACTER));
  const style: PanelStyle = { width: PANEL_WIDTH, barHeight: 15, rowHeight: 21, labelWidth };
  const table = htmlTable(
    ['', 'median', '± MAD', 'p99', 'per second', 'samples'],
    suite.cases.map((each) => [each.name, ...numbersOf(each)]),
  );
  return `<h2>${escapeXml(suite.title)}</h2><p class="soft">${escapeXml(suite.about)}</p>
<div class="card">${panelSvg(panel, style)}<details><summary>Figures</summary>${table}</details></div>`;
}

/** The chart of a suite. Times on the axis are in seconds. */
export function suitePanel(suite: MicroSuite): Panel {
  const known = suite.cases.filter(({ medianMs }) => medianMs > 0);
  const times = known.flatMap(({ medianMs, p99Ms }) => [medianMs, Math.max(medianMs, p99Ms)]);
  return {
    ...{ title: suite.name, unit: 'time for one call', tickText: (ms) => timeText(ms) },
    scale: logScale(Math.min(...times, 1), Math.max(...times, 1e-6)),
    bars: suite.cases.map(barOf),
    columns: [{ title: 'per second', width: 84 }],
  };
}

function barOf(each: MicroCase): Bar {
  const failed = each.error !== undefined;
  return {
    label: each.name,
    kind: /: (?:rival|native|the calling thread|bare sockets)$/.test(each.name) ? 'other' : 'own',
    value: failed ? Number.NaN : each.medianMs,
    valueText: failed ? `failed: ${each.error}` : timeText(each.medianMs),
    marks: failed ? [] : [each.p99Ms],
    cells: [{ text: failed ? '' : rateText(each), tone: 'plain' }],
  };
}

function numbersOf(each: MicroCase): readonly string[] {
  if (each.error !== undefined) return [`failed: ${each.error}`, '', '', '', ''];
  const { medianMs, deviationMs, p99Ms, samples } = each;
  return [...[medianMs, deviationMs, p99Ms].map(timeText), rateText(each), samples.toLocaleString('en')];
}

/** `1.23 µs`: three digits that matter. */
export function timeText(ms: number): string {
  const units = [
    [1000, 's'],
    [1, 'ms'],
    [1e-3, 'µs'],
    [0, 'ns'],
  ] as const;
  const [size, unit] = units.find(([each]) => ms >= each * 0.9995) ?? [0, 'ns'];
  return `${Number((ms / (size || 1e-6)).toPrecision(3))} ${unit}`;
}

/** Calls per second, or bytes where the case has a payload. */
function rateText({ medianMs, bytes }: MicroCase): string {
  if (medianMs <= 0) return '';
  if (bytes !== undefined) return `${(bytes / 1e6 / medianMs).toFixed(2)} GB`;
  return Number((1000 / medianMs).toPrecision(3)).toLocaleString('en');
}
