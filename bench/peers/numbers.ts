/** `1,912`: a rate in MB/s (1 MB = 1,000,000 bytes), or a dash when there is none. */
export function megabytesText(bytesPerSec: number): string {
  return Number.isFinite(bytesPerSec) ? Math.round(bytesPerSec / 1e6).toLocaleString('en') : '–';
}

/** `1.32 ×`. */
export function timesText(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : '–';
}

/** `0.72`. */
export function fixedText(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

/** `82 MiB`, `4.1 GiB`. */
export function memoryText(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes === 0) return '–';
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 999.5 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

/** Good when Allium is at least as fast, by what can be told from the two digits shown. */
export function toneOf(ratio: number): 'plain' | 'good' | 'bad' {
  if (!Number.isFinite(ratio)) return 'plain';
  return Number(ratio.toFixed(2)) >= 1 ? 'good' : 'bad';
}
