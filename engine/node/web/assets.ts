import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const TYPES = {
  'app.js': 'text/javascript; charset=utf-8',
  'theme.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
} as const;

/** A file of the page, ready to be sent. */
export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** The page itself: all it does is in the files it names. */
const SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Allium</title>
<link rel="icon" href="assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="assets/style.css">
<script src="assets/theme.js"></script>
<script type="module" src="assets/app.js"></script>
</head>
<body>
<div id="app"></div>
<noscript><p class="noscript">This page needs JavaScript. The node can also be asked with <code>allium ctl</code>.</p></noscript>
</body>
</html>
`;

/** The sign of the page: an allium in flower. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 17v13" stroke="#5d9a6d" stroke-width="2.4" stroke-linecap="round"/><g fill="#7f5fd0"><circle cx="16" cy="5.2" r="3.1"/><circle cx="9.6" cy="7.8" r="3.1"/><circle cx="22.4" cy="7.8" r="3.1"/><circle cx="7" cy="14" r="3.1"/><circle cx="25" cy="14" r="3.1"/><circle cx="10.6" cy="19.4" r="3.1"/><circle cx="21.4" cy="19.4" r="3.1"/></g><circle cx="16" cy="12.6" r="5" fill="#a98bf0"/></svg>
`;

/**
 * The files of the page by path. `folder`: where the build has put them. Throws the file system's error when the page
 * is not built.
 */
export function loadAssets(folder: URL): ReadonlyMap<string, Asset> {
  const built = Object.entries(TYPES).map(([name, type]): [string, Asset] => [
    `/assets/${name}`,
    asset(type, readFileSync(fileURLToPath(new URL(name, folder)))),
  ]);
  return new Map([
    ['/', asset('text/html; charset=utf-8', Buffer.from(SHELL))],
    ['/assets/icon.svg', asset('image/svg+xml', Buffer.from(ICON))],
    ...built,
  ]);
}

function asset(type: string, bytes: Buffer): Asset {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { type, etag, bytes: new Uint8Array(bytes), gzipped: new Uint8Array(gzipSync(bytes, { level: 9 })) };
}
