import { Cell } from './cell.ts';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'allium-theme';
const ORDER: readonly Theme[] = ['auto', 'light', 'dark'];

/** Which colours the page has; `auto`: as the system wants it. */
export const theme = new Cell<Theme>(saved());
/** Raised when the colours have changed, by hand or by the system. */
export const coloursVersion = new Cell(0);

export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length]!;
  if (next === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is loaded again.
  }
  theme.set(next);
  coloursVersion.set(coloursVersion.value + 1);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  coloursVersion.set(coloursVersion.value + 1),
);

/** A colour of the style sheet by its name, such as `down`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function saved(): Theme {
  const now = document.documentElement.dataset['theme'];
  return now === 'light' || now === 'dark' ? now : 'auto';
}
