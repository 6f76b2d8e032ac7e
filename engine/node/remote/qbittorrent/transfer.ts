import type { NodeOptions, NodeStats } from '../../control/session-options.ts';
import { type Call, DONE, type Reply } from './call.ts';

const RATE_MAX = Number.MAX_SAFE_INTEGER;

export function rateFields(options: NodeOptions, stats: NodeStats): Record<string, unknown> {
  return {
    connection_status: stats.listening === '' ? 'disconnected' : 'connected',
    dht_nodes: stats.dhtNodes,
    dl_info_data: stats.downloadedBytes,
    dl_info_speed: Math.round(stats.downBytesPerSec),
    dl_rate_limit: options.altEnabled ? options.altDownLimit : options.downLimit,
    up_info_data: stats.uploadedBytes,
    up_info_speed: Math.round(stats.upBytesPerSec),
    up_rate_limit: options.altEnabled ? options.altUpLimit : options.upLimit,
  };
}

export async function transferInfo({ control }: Call): Promise<Reply> {
  return { json: rateFields(control.options, control.stats()) };
}

export async function speedLimitsMode({ control }: Call): Promise<Reply> {
  return { text: control.options.altEnabled ? '1' : '0' };
}

/** Switches the other limits on or off: to `mode`, or to what they are not. */
export async function setSpeedLimitsMode({ control, params }: Call): Promise<Reply> {
  const mode = params.whole('mode', 0, 1);
  await control.setOptions({ altEnabled: mode === undefined ? !control.options.altEnabled : mode === 1 });
  return DONE;
}

export async function downloadLimit({ control }: Call): Promise<Reply> {
  return { text: String(control.options.downLimit) };
}

export async function uploadLimit({ control }: Call): Promise<Reply> {
  return { text: String(control.options.upLimit) };
}

export async function setDownloadLimit({ control, params }: Call): Promise<Reply> {
  await control.setOptions({ downLimit: params.whole('limit', 0, RATE_MAX) ?? 0 });
  return DONE;
}

export async function setUploadLimit({ control, params }: Call): Promise<Reply> {
  await control.setOptions({ upLimit: params.whole('limit', 0, RATE_MAX) ?? 0 });
  return DONE;
}
