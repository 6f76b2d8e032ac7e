import { h, type VNode } from 'preact';

/** Strokes on a field of 20 by 20. */
const PATHS = {
  add: 'M10 4v12M4 10h12',
  down: 'M10 4v12M5 11l5 5 5-5',
  up: 'M10 16V4M5 9l5-5 5 5',
  start: 'M6.5 4.5v11l9-5.5z',
  stop: 'M6.5 4.5v11M13.5 4.5v11',
  recheck: 'M16 10a6 6 0 1 1-2-4.5M16 3v4h-4',
  remove: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6',
  move: 'M3 6h5l2 2h7v8H3zM8 12h5M11 10l2 2-2 2',
  label: 'M4 4h6l6.5 6.5-6 6L4 10zM7.2 7.2v.1',
  turtle: 'M4 12a6 5 0 0 1 12 0zM16 11l2-1M6 12v3M14 12v3M9 7.5l1 4.500M12 8l-2 4',
  engine: 'M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3',
  options: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4',
  light:
    'M10 6.500a3.500 3.500 0 1 0 .01 0M10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.500 4.500l1 1M14.500 14.500l1 1M15.500 4.500l-1 1M5.500 14.500l-1 1',
  dark: 'M16 12.500A7 7 0 0 1 7.500 4a6.500 6.500 0 1 0 8.500 8.500z',
  auto: 'M10 3a7 7 0 1 0 .01 0M10 3v14M12 5v10M14 6.500v7',
  close: 'M5 5l10 10M15 5L5 15',
  top: 'M5 4h10M10 16V7M6 11l4-4 4 4',
  search: 'M8.500 3.500a5 5 0 1 0 .01 0M12.500 12.500L17 17',
} as const;

export type IconName = keyof typeof PATHS;

/** A sign; what it means is said beside it or by its button. */
export function icon(name: IconName): VNode {
  const path = h('path', { d: PATHS[name] });
  return h('svg', { class: 'icon', viewBox: '0 0 20 20', 'aria-hidden': 'true', focusable: 'false' }, path);
}
