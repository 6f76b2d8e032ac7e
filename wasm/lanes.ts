/** How many messages the multi-buffer hashes take side by side in this build. */
export function kernelLanes(): i32 {
  return 4;
}
