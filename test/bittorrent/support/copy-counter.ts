/**
 * Counts every byte that JavaScript copies from one buffer to another in this process, by wrapping all built-in
 * ways to do so. Byte-wise loops escape it; on a path of megabytes they would show as time.
 */
export class CopyCounter {
  bytes = 0;
  private readonly restore: (() => void)[] = [];

  start(): void {
    const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Record<string, unknown>;
    const counted = (length: number): void => {
      this.bytes += length;
    };
    wrap(this.restore, typedArray, 'set', (_self, args) => counted((args[0] as ArrayLike<number>).length));
    wrap(this.restore, typedArray, 'slice', (_self, _args, result) =>
      counted((result as Uint8Array).byteLength),
    );
    wrap(this.restore, typedArray, 'copyWithin', (self, args) => {
      const [, start = 0, end = (self as Uint8Array).length] = args as number[];
      counted(end - start);
    });
    const buffer = Buffer.prototype as unknown as Record<string, unknown>;
    wrap(this.restore, buffer, 'copy', (_self, _args, result) => counted(result as number));
    const factory = Buffer as unknown as Record<string, unknown>;
    wrap(this.restore, factory, 'concat', (_self, _args, result) => counted((result as Buffer).length));
    wrap(this.restore, factory, 'from', (_self, args, result) => {
      if (!(args[0] instanceof ArrayBuffer || args[0] instanceof SharedArrayBuffer))
        counted((result as Buffer).length);
    });
  }

  stop(): void {
    for (const undo of this.restore.splice(0)) undo();
  }
}

type Observer = (self: unknown, args: readonly unknown[], result: unknown) => void;

function wrap(
  restore: (() => void)[],
  owner: Record<string, unknown>,
  name: string,
  observe: Observer,
): void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    observe(this, args, result);
    return result;
  };
  Object.defineProperty(owner, name, { ...descriptor, value: wrapped });
  restore.push(() => {
    if (descriptor === undefined) delete owner[name];
    else Object.defineProperty(owner, name, descriptor);
  });
}
