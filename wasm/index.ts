/*
 * The SIMD build: `asc wasm/index.ts --target simd` → dist/wasm/kernels.simd.wasm.
 *
 * To add a kernel:
 *  1. Write wasm/NAME.ts. Where SIMD and plain forms differ, put the plain one in wasm/NAME.plain.ts with the same
 *     exports, and re-export the one here and the other in index.plain.ts: hosts see one ABI.
 *  2. Prefix its exports with its name (`sha1Update`), and write their types as an interface in the host,
 *     engine/kernels/NAME.ts; add that interface to `KernelExports` in engine/kernels/module.ts.
 *  3. All instances share one memory, so a kernel has no static data: no array literals, no `memory.data`, no string.
 *     (A data segment would be written again by every new thread.) Constants are written as immediates; tables are
 *     computed by `NAMEInit(at)`, which the host calls once per instance with memory from `Kernels.reserve(bytes)`.
 *     State of one instance lies in wasm globals or in reserved memory whose address is passed.
 *  4. A kernel takes addresses and counts, never allocates, never throws, and trusts its host to have checked bounds.
 */
export { kernelLanes } from './lanes';
export {
  aesAddStreams, aesCryptBatch, aesExpandKey, aesScheduleBytes, aesStart, aesStateBytes, aesWorkBytes,
} from './aes';
export { rc4Crypt, rc4SetKey, rc4Skip, rc4StateBytes } from './rc4';
export { xorNearest, xorPrefixLengths } from './xor';
export { hashDigest, hashStart, hashUpdate } from './hash-stream';
export { hashInit } from './hash-table';
export { sha256Root, sha256Run } from './sha256-tree';
export { crc32cInit, crc32cUpdate } from './crc32c';
export {
  cgoRelayCells, cgoRelayStreams, cgoStart, cgoStateBytes, cgoWorkBytes, clientLayerCells,
  clientLayerCounters, clientLayerPeel, clientWorkBytes, polyvalSum,
  tor1RelayCells,
  tor1Seed, tor1StateBytes, tor1WorkBytes,
} from './relay';
