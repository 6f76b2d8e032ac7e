/** Versions low … high of a subprotocol, both included. */
export interface VersionRange {
  readonly low: number;
  readonly high: number;
}

/** What a relay speaks, by the name of the subprotocol: `Link`, `Relay`, `FlowCtrl` … tor-spec, subprotocol versioning. */
export type Protocols = ReadonlyMap<string, readonly VersionRange[]>;

/** Whether `version` of the subprotocol `name` is among them. */
export function supportsProtocol(protocols: Protocols, name: string, version: number): boolean {
  const ranges = protocols.get(name);
  return ranges?.some(({ low, high }) => low <= version && version <= high) ?? false;
}
