/*
 * The build for engines without SIMD: `asc wasm/index.plain.ts --target plain` → dist/wasm/kernels.plain.wasm.
 * Exports exactly what index.ts exports.
 */
export { kernelLanes } from './lanes.plain';
export {
  aesAddStreams, aesCryptBatch, aesExpandKey, aesScheduleBytes, aesStart, aesStateBytes, aesWorkBytes,
} from './aes.plain';
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
} from './relay.plain';
