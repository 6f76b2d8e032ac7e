/** The parts of a V8 CPU profile that are used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Where the time of one thread went. */
export interface ProfileSummary {
  readonly totalMs: number;
  /** By what the code belongs to, the largest first; with the time without work. */
  readonly groups: readonly ProfileShare[];
  /** By function, the time in itself only. Without idle time, the largest first. */
  readonly functions: readonly ProfileShare[];
}

export interface ProfileShare {
  readonly name: string;
  readonly ms: number;
}

const IDLE = 'waiting, nothing to do';
/** What V8 calls the time that no function of JavaScript accounts for. */
const SPECIAL: Readonly<Record<string, string>> = {
  '(idle)': IDLE,
  '(program)': 'native code below the event loop (sockets ready, C++)',
  '(garbage collector)': 'garbage collection',
  '(root)': 'native code below the event loop (sockets ready, C++)',
};

/** Adds up a profile by functions and by what they belong to. */
export function summarizeProfile(profile: CpuProfile): ProfileSummary {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  let totalMs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = nodes.get(id);
    const ms = Math.max(0, profile.timeDeltas[index] ?? 0) / 1000;
    if (frame === undefined) continue;
    totalMs += ms;
    const group = groupOf(frame.functionName, frame.url);
    groups.set(group, (groups.get(group) ?? 0) + ms);
    if (group === IDLE) continue;
    const place = placeOf(frame.url);
    const name = place === '' ? frame.functionName : `${frame.functionName || '(anonymous)'} ${place}`;
    functions.set(name, (functions.get(name) ?? 0) + ms);
  }
  return { totalMs, groups: largestFirst(groups), functions: largestFirst(functions) };
}

/** What a function belongs to: a room of the engine, Node's own library, native calls. */
export function groupOf(functionName: string, url: string): string {
  const special = SPECIAL[functionName];
  if (special !== undefined && url === '') return special;
  if (url === '') return 'native calls (system calls of sockets and files, buffers)';
  if (url.startsWith('node:')) return 'Node’s own library';
  if (url.startsWith('wasm:')) return 'kernels in WebAssembly';
  const room = /\/dist\/(engine\/\w+)\//.exec(url)?.[1];
  return room ?? (url.includes('/node_modules/') ? 'packages' : 'other code');
}

function placeOf(url: string): string {
  return url === '' ? '' : url.replace(/^.*\/(?:dist|node_modules)\//, '');
}

function largestFirst(sums: ReadonlyMap<string, number>): readonly ProfileShare[] {
  return [...sums].map(([name, ms]) => ({ name, ms })).toSorted((a, b) => b.ms - a.ms);
}
