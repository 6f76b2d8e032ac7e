import type { FileSend } from '../../port.ts';
import type { FileBlocks } from './messages.ts';

/** What is to be read, in a few numbers. Undefined where it cannot be told so: the parts are not of one size, say. */
export function fileBlocks({ targets, file, position }: FileSend): FileBlocks | undefined {
  const fd = 'fd' in file && typeof file.fd === 'number' ? file.fd : -1;
  const [first, second] = targets;
  const last = targets.at(-1);
  if (fd < 0 || first === undefined || last === undefined) return undefined;
  const stride = second === undefined ? 0 : second.byteOffset - first.byteOffset;
  for (const [index, target] of targets.entries()) {
    if (target.byteOffset !== first.byteOffset + index * stride) return undefined;
    if (target !== last && target.length !== first.length) return undefined;
  }
  return {
    ...{ fd, position, stride, count: targets.length },
    ...{ first: first.byteOffset, blockBytes: first.length, lastBytes: last.length },
  };
}
