/** A module with one function, `copy(to, from, byteLength)`, over an imported shared memory of any size. */
const MODULE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  ...[1, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0], // types: (i32, i32, i32) → ()
  ...[2, 11, 1, 1, 0x65, 1, 0x6d, 2, 3, 1, 0x80, 0x80, 4], // imports: e.m, a shared memory of 1 to 65536 pages
  ...[3, 2, 1, 0], // functions: one of type 0
  ...[7, 8, 1, 4, 0x63, 0x6f, 0x70, 0x79, 0, 0], // exports: copy, function 0
  ...[10, 14, 1, 12, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 10, 0, 0, 0x0b], // code: memory.copy of its parameters
);

/** Copies bytes of one memory, which may overlap. Offsets and length in bytes; traps outside the memory. */
export type SlabCopy = (to: number, from: number, byteLength: number) => void;

/**
 * A copier for shared memory. What JavaScript has for it goes byte by byte where the two places are not equally
 * aligned: 1.4 GB/s measured on Node 20, x86-64, for the payloads of cells, against some 20 here.
 */
export function slabCopier(memory: WebAssembly.Memory): SlabCopy {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE), { e: { m: memory } });
  return instance.exports['copy'] as unknown as SlabCopy;
}
