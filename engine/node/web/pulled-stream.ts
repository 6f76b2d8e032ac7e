/** What makes the next part of a stream when its reader is ready for it; undefined ends the stream. */
export interface PartSource {
  next(): Promise<string | undefined>;
  /** The reader is gone, or the stream has ended. Called once. */
  close(): void;
}

const encoder = new TextEncoder();

/**
 * A stream that asks for its next part only when what it gave before has been taken: a slow reader is asked for less
 * often, and nothing piles up for it.
 */
export function pulledStream(source: PartSource): ReadableStream<Uint8Array> {
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    source.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const part = await source.next();
          if (part !== undefined && !closed) controller.enqueue(encoder.encode(part));
          else {
            close();
            controller.close();
          }
        } catch {
          // A stream whose reader has gone while a part was made.
          close();
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

/** One event of a server-sent stream. `data` holds no line break, as JSON never does. */
export function eventText(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
