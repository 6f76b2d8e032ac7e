/** How much of the bodies of requests is held in memory. */
export interface BodyBounds {
  readonly bodyBytesMax: number;
  readonly bodiesBytesMax: number;
}

/** The body, or the status to answer with: too long (413), or too many at one time (503), or broken off (400). */
export type ReadBody = { readonly bytes: Uint8Array } | { readonly status: 400 | 413 | 503 };

/** Reads bodies of requests whole, within bounds for one and for all that are under way. */
export class Bodies {
  private readonly bounds: BodyBounds;
  private heldBytes = 0;

  constructor(bounds: BodyBounds) {
    this.bounds = bounds;
  }

  /** Gives the body to `use` and counts it as held until that is done. */
  async read<T>(request: Request, use: (body: ReadBody) => Promise<T>): Promise<T> {
    const held = { bytes: 0 };
    try {
      return await use(await this.take(request, held));
    } finally {
      this.heldBytes -= held.bytes;
    }
  }

  private async take(request: Request, held: { bytes: number }): Promise<ReadBody> {
    if (request.body === null) return { bytes: new Uint8Array(0) };
    const reader = request.body.getReader();
    const chunks: Uint8Array[] = [];
    const giveUp = (status: 413 | 503): ReadBody => {
      // What is left of it is of no interest.
      reader.cancel().catch(() => {});
      return { status };
    };
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { bytes: Buffer.concat(chunks, held.bytes) };
        if (held.bytes + value.length > this.bounds.bodyBytesMax) return giveUp(413);
        if (this.heldBytes + value.length > this.bounds.bodiesBytesMax) return giveUp(503);
        chunks.push(value);
        held.bytes += value.length;
        this.heldBytes += value.length;
      }
    } catch {
      return { status: 400 };
    }
  }
}
