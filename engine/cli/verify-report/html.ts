import type { VerifyReport } from '../../bittorrent/verify/report.ts';

export function verifyHtml(report: VerifyReport): string {
  return JSON.stringify(report);
}
