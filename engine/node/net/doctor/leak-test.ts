import { AlliumError } from '../../../codec/error.ts';
import type { Endpoint } from '../../../runtime/port.ts';
import { createRealRuntime } from '../../../runtime/real/runtime.ts';
import { addressesOf } from '../interface-addresses.ts';
import { NET_DEFAULTS, type NetSettings, openWorld, type World } from '../world.ts';
import { observe } from './observed-network.ts';
import { PROBES, type Probe } from './probes.ts';
import { startWitnesses } from './witnesses.ts';

/** What a listener saw. `direct`: us; `bound`: us, by the address we keep to; `proxy`: somebody else for us. */
export type Sighting = 'nothing' | 'proxy' | 'bound' | 'direct';

/** One way, tried once. */
export interface Trial {
  readonly saw: Sighting;
  /** Where it came from, as the listener saw it; empty for nothing. */
  readonly from: string;
  /** Why nothing was sent, where it was refused. */
  readonly refusal: string;
}

/** One way, without the settings and with them. */
export interface LeakPath {
  readonly name: string;
  readonly without: Trial;
  readonly with: Trial;
  readonly leaked: boolean;
}

export interface LeakReport {
  /** Whether the settings promise anything. */
  readonly guarded: boolean;
  readonly paths: readonly LeakPath[];
  readonly leaked: boolean;
}

/**
 * Tries every way out of a node, without and with the settings, against listeners of its own on loopback, and tells
 * what those saw. The settings' own proxy is used; one that cannot reach this machine's loopback shows as `nothing`.
 */
export async function testLeaks(settings: NetSettings): Promise<LeakReport> {
  const [without, guarded] = [await tryAll(NET_DEFAULTS), await tryAll(settings)];
  const isGuarded = settings.proxy !== false || settings.bind !== false;
  const paths = without.map(({ name, trial }, index): LeakPath => {
    const other = guarded[index]!.trial;
    const isLeak = other.saw === 'direct' || (other.saw === 'bound' && settings.proxy !== false);
    return { name, without: trial, with: other, leaked: isGuarded && isLeak };
  });
  return { guarded: isGuarded, paths, leaked: paths.some(({ leaked }) => leaked) };
}

interface Named {
  readonly name: string;
  readonly trial: Trial;
}

async function tryAll(settings: NetSettings): Promise<readonly Named[]> {
  const results: Named[] = [];
  // One after the other, each before witnesses of its own: what they see has one cause.
  for (const probe of PROBES) results.push({ name: probe.name, trial: await tryOne(probe, settings) });
  results.push({ name: 'incoming connections', trial: await tryIncoming(settings) });
  return results;
}

async function tryOne(probe: Probe, settings: NetSettings): Promise<Trial> {
  const witnesses = await startWitnesses();
  const { by } = witnesses;
  const { runtime, reached } = observe(createRealRuntime(), by.names.at);
  let world: World | undefined;
  try {
    world = await openWorld({ ...settings, nameServers: [by.names.at] }, { base: runtime });
    if (probe.witness === 'utp' && !world.transports.includes('utp')) {
      return { saw: 'nothing', from: '', refusal: 'not used' };
    }
    const refusal = await probe.run(world.runtime.network, witnesses);
    const { at, from } = by[probe.witness];
    const [first] = from;
    if (first === undefined) return { saw: 'nothing', from: '', refusal };
    // A name server is also reached by who asks from an address it keeps to, past the network below.
    const isOwn =
      reached.has(`${at.host}:${at.port}`) || (probe.witness === 'names' && settings.bind !== false);
    return { saw: sightingOf(first, isOwn, settings), from: first.host, refusal };
  } finally {
    world?.close();
    witnesses.close();
  }
}

function sightingOf(from: Endpoint, isOwn: boolean, settings: NetSettings): Sighting {
  if (!isOwn) return settings.proxy === false ? 'direct' : 'proxy';
  return settings.bind !== false && addressesOf(settings.bind).includes(from.host) ? 'bound' : 'direct';
}

/** Whether a stranger gets in: somebody who could then tell whose address this is. */
async function tryIncoming(settings: NetSettings): Promise<Trial> {
  const real = createRealRuntime();
  const world = await openWorld(settings, { base: real });
  try {
    let accepted = 0;
    const listener = await world.runtime.network.listen({ host: '0.0.0.0', port: 0 }, () => {
      accepted++;
      return undefined;
    });
    const { host, port } = listener.local;
    const place = { host: host === '0.0.0.0' ? '127.0.0.1' : host, port };
    await new Promise<void>((resolve) => {
      const target = new Uint8Array(1);
      const nothing = (): void => {};
      const owner = { onOpen: nothing, readTarget: () => target, onRead: nothing, onDrain: nothing };
      real.network.connect(place, { ...owner, onClose: () => resolve() }, { timeoutMs: 1000 });
    });
    await listener.close();
    if (accepted === 0) return { saw: 'nothing', from: '', refusal: '' };
    return { saw: settings.bind === false ? 'direct' : 'bound', from: place.host, refusal: '' };
  } catch (error) {
    return { saw: 'nothing', from: '', refusal: error instanceof AlliumError ? error.code : String(error) };
  } finally {
    world.close();
  }
}
