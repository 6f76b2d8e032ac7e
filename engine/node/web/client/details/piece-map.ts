import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { DetailEvent } from '../../wire.ts';
import { useCell } from '../cell.ts';
import { el } from '../html.ts';
import { colour, coloursVersion } from '../theme.ts';

type Pieces = NonNullable<DetailEvent['pieces']>;
/** Pixels of a cell with its gap. */
const [CELL_MIN, CELL_MAX] = [7, 13];
const ROWS_MAX = 8;

/** Every piece, or several to a cell where there are many: verified, under way, to be had, and how often. */
export function PieceMap({ pieces }: { readonly pieces: Pieces }): VNode {
  const canvas = useRef<HTMLElement>(null);
  const colours = useCell(coloursVersion);
  const have = useMemo(() => bytesOf(pieces.have), [pieces.have]);
  const availability = useMemo(() => bytesOf(pieces.availability), [pieces.availability]);
  const haveCount = useMemo(() => countBits(have), [have]);
  useLayoutEffect(() => {
    const at = canvas.current as HTMLCanvasElement;
    const paint = (): void => draw(at, pieces, have, availability);
    paint();
    const sizes = new ResizeObserver(paint);
    sizes.observe(at.parentElement!);
    return () => sizes.disconnect();
  }, [pieces, have, availability, colours]);
  const counts = `${haveCount.toLocaleString('en')} of ${pieces.count.toLocaleString('en')} pieces verified, ${pieces.fetching.length} under way`;
  const missing = lonely(pieces.count, have, availability);
  const words = missing > 0 ? `${counts}, ${missing.toLocaleString('en')} that no peer has` : counts;
  return el(
    'figure',
    { class: 'pieces' },
    el('canvas', { ref: canvas, role: 'img', 'aria-label': `Piece map: ${words}` }),
    el(
      'figcaption',
      null,
      words,
      legend('have', 'verified'),
      legend('fetching', 'under way'),
      availability.length > 0 && haveCount < pieces.count ? legend('lonely', 'no peer has it') : null,
    ),
  );
}

function legend(kind: string, label: string): VNode {
  return el('span', { class: 'legend' }, el('i', { class: kind, 'aria-hidden': 'true' }), label);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  return count;
}

const has = (have: Uint8Array, piece: number): boolean =>
  ((have[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;

function lonely(count: number, have: Uint8Array, availability: Uint8Array): number {
  if (availability.length === 0) return 0;
  let sum = 0;
  for (let piece = 0; piece < count; piece++) if (availability[piece] === 0 && !has(have, piece)) sum++;
  return sum;
}

function draw(canvas: HTMLCanvasElement, pieces: Pieces, have: Uint8Array, availability: Uint8Array): void {
  const width = canvas.parentElement!.clientWidth;
  const size = Math.max(
    CELL_MIN,
    Math.min(CELL_MAX, Math.floor(Math.sqrt((width * ROWS_MAX * 9) / Math.max(1, pieces.count)))),
  );
  const perRow = Math.max(1, Math.floor(width / size));
  const rows = Math.max(1, Math.min(ROWS_MAX, Math.ceil(pieces.count / perRow)));
  const cells = Math.min(pieces.count, perRow * rows);
  const scale = window.devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = rows * size * scale;
  canvas.style.height = `${rows * size}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const fetching = new Set(pieces.fetching);
  const paint = {
    have: colour('have'),
    empty: colour('track'),
    fetching: colour('warn'),
    lonely: colour('lonely'),
  };
  for (let cell = 0; cell < cells; cell++) {
    const first = Math.floor((cell * pieces.count) / cells);
    const end = Math.max(first + 1, Math.floor(((cell + 1) * pieces.count) / cells));
    let [done, isFetching, isLonely] = [0, false, false];
    for (let piece = first; piece < end; piece++) {
      if (has(have, piece)) done++;
      else if (fetching.has(piece)) isFetching = true;
      else if (availability.length > 0 && availability[piece] === 0) isLonely = true;
    }
    const [x, y] = [(cell % perRow) * size, Math.floor(cell / perRow) * size];
    const fill = (style: string, alpha: number): void => {
      context.globalAlpha = alpha;
      context.fillStyle = style;
      context.fillRect(x, y, size - 1, size - 1);
    };
    fill(isLonely ? paint.lonely : paint.empty, 1);
    if (done > 0) fill(paint.have, 0.25 + (0.75 * done) / (end - first));
    if (isFetching) fill(paint.fetching, 1);
  }
}
