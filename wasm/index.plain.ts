/*
 * The build for engines without SIMD: `asc wasm/index.plain.ts --target plain` → dist/wasm/kernels.plain.wasm.
 * Exports exactly what index.ts exports.
 */
export { kernelLanes } from './lanes.plain';
