import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of one's own (0700), deleted when the process ends. */
export function relayFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'allium-relay-'));
  folders.push(folder);
  return folder;
}
