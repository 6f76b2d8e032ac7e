import { open } from 'node:fs/promises';

const CHUNK_BYTES = 4 << 20;

/** Whether two files hold the same bytes. */
export async function sameBytes(one: string, other: string): Promise<boolean> {
  const handles = [await open(one, 'r'), await open(other, 'r')] as const;
  const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)] as const;
  try {
    const sizes = await Promise.all(handles.map(async (handle) => (await handle.stat()).size));
    if (sizes[0] !== sizes[1]) return false;
    for (let at = 0; at < sizes[0]!; at += CHUNK_BYTES) {
      const [a, b] = await Promise.all(
        handles.map((handle, index) => handle.read(buffers[index]!, 0, CHUNK_BYTES, at)),
      );
      if (a!.bytesRead !== b!.bytesRead) return false;
      if (buffers[0].compare(buffers[1], 0, b!.bytesRead, 0, a!.bytesRead) !== 0) return false;
    }
    return true;
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
  }
}
