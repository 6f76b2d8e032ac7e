import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { NodeStats } from '../../../control/session-options.ts';
import { useCell } from '../cell.ts';
import { el } from '../html.ts';
import { colour, coloursVersion } from '../theme.ts';

const CELL = 9;
const CELLS_MAX = 480;

/** The slab as a field of cells, a part of its slots each: lit while leased, marked up to the most there ever were. */
export function SlabPicture({
  slab,
  label,
}: {
  readonly slab: NodeStats['slab'];
  readonly label: string;
}): VNode {
  const canvas = useRef<HTMLElement>(null);
  const colours = useCell(coloursVersion);
  useLayoutEffect(() => draw(canvas.current as HTMLCanvasElement, slab), [slab, colours]);
  return el('canvas', { ref: canvas, class: 'slab', role: 'img', 'aria-label': label });
}

function draw(canvas: HTMLCanvasElement, slab: NodeStats['slab']): void {
  const width =
    canvas.parentElement!.clientWidth -
    2 * Number.parseFloat(getComputedStyle(canvas.parentElement!).paddingLeft);
  const perRow = Math.max(1, Math.floor(width / CELL));
  const rows = Math.max(1, Math.floor(Math.min(CELLS_MAX, slab.slotCount) / perRow));
  const cells = rows * perRow;
  const perCell = slab.slotCount / cells;
  const scale = window.devicePixelRatio;
  canvas.width = perRow * CELL * scale;
  canvas.height = rows * CELL * scale;
  canvas.style.width = `${perRow * CELL}px`;
  canvas.style.height = `${rows * CELL}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const [empty, lit, peak] = [colour('track'), colour('accent'), colour('peak')];
  for (let cell = 0; cell < cells; cell++) {
    const [x, y] = [(cell % perRow) * CELL, Math.floor(cell / perRow) * CELL];
    const isBelowPeak = slab.leasedSlotsPeak > cell * perCell;
    const part = Math.max(0, Math.min(1, slab.leasedSlots / perCell - cell));
    context.globalAlpha = 1;
    context.fillStyle = isBelowPeak ? peak : empty;
    context.fillRect(x, y, CELL - 1, CELL - 1);
    if (part === 0) continue;
    context.globalAlpha = 0.35 + 0.65 * part;
    context.fillStyle = lit;
    context.fillRect(x, y, CELL - 1, CELL - 1);
  }
}
