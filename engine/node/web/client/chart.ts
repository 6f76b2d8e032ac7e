import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatRate } from '../../../codec/units.ts';
import { useCell } from './cell.ts';
import { el } from './html.ts';
import type { ChartData } from './series.ts';
import { colour, coloursVersion } from './theme.ts';

export interface ChartLine {
  readonly label: string;
  /** Name of a colour of the style sheet. */
  readonly colour: string;
}

export interface ChartProps {
  /** What a screen reader says of it. */
  readonly label: string;
  readonly lines: readonly ChartLine[];
  readonly data: ChartData;
  /** Changes when `data` has. */
  readonly version: unknown;
  /** Without axes, for the header. */
  readonly small?: boolean;
  readonly format?: (value: number) => string;
  readonly max?: number;
}

/** Lines over time, as wide and high as its place. */
export function Chart(props: ChartProps): VNode {
  const place = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | null>(null);
  const colours = useCell(coloursVersion);
  useEffect(() => {
    const at = place.current!;
    const made = new uPlot(optionsOf(props, at), props.data as uPlot.AlignedData, at);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: at.clientHeight }));
    sizes.observe(at);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [props.data, colours]);
  useEffect(() => plot.current?.setData(props.data as uPlot.AlignedData), [props.version]);
  return el('div', {
    ref: place,
    class: props.small === true ? 'chart small' : 'chart',
    role: 'img',
    'aria-label': props.label,
  });
}

function optionsOf(props: ChartProps, at: HTMLElement): uPlot.Options {
  const format = props.format ?? formatRate;
  const isSmall = props.small === true;
  const axis = { stroke: colour('soft'), font: '11px system-ui, sans-serif', ticks: { show: false } };
  const grid = { stroke: colour('line'), width: 1 };
  return {
    width: Math.max(40, at.clientWidth),
    height: Math.max(20, at.clientHeight),
    cursor: { show: !isSmall, points: { show: false } },
    legend: { show: false },
    padding: isSmall ? [2, 0, 2, 0] : [8, 8, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, props.max ?? Math.max(1024, max * 1.15)] } },
    axes: isSmall
      ? [{ show: false }, { show: false }]
      : [
          {
            ...axis,
            grid: { show: false },
            size: 24,
            space: 74,
            values: (_plot, splits) => splits.map(clockOf),
          },
          { ...axis, grid, size: 74, splits: splitsOf, values: (_plot, splits) => splits.map(format) },
        ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        fill: `${colour(line.colour)}22`,
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}

/** At most five lines, at round numbers of bytes or of a part of one. */
function splitsOf(_plot: uPlot, _axis: number, _min: number, max: number): number[] {
  const step = max <= 1 ? 0.25 : 2 ** Math.ceil(Math.log2(max / 5));
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step);
}

/** `18:04:11`. */
function clockOf(sec: number): string {
  return new Date(sec * 1000).toTimeString().slice(0, 8);
}

/** For charts of a part of something. */
export const formatShare = (value: number): string => `${Math.round(value * 100)} %`;
