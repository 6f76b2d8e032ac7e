/** Commands of relay cells. tor-spec "relay cells"; rend-spec for 32–40; prop 329 for 19–22; padding-spec for 41, 42. */
export const RELAY = {
  begin: 1,
  data: 2,
  end: 3,
  connected: 4,
  sendme: 5,
  truncate: 8,
  truncated: 9,
  drop: 10,
  resolve: 11,
  resolved: 12,
  beginDir: 13,
  extend2: 14,
  extended2: 15,
  confluxLink: 19,
  confluxLinked: 20,
  confluxLinkedAck: 21,
  confluxSwitch: 22,
  establishIntro: 32,
  establishRendezvous: 33,
  introduce1: 34,
  introduce2: 35,
  rendezvous1: 36,
  rendezvous2: 37,
  introEstablished: 38,
  rendezvousEstablished: 39,
  introduceAck: 40,
  paddingNegotiate: 41,
  paddingNegotiated: 42,
  xoff: 43,
  xon: 44,
} as const;

/** A command of a relay cell as it stands on the wire; may be one that nobody knows. */
export type RelayCommand = number;

const STREAM_COMMANDS = new Uint8Array(256);
for (const command of [
  RELAY.begin,
  RELAY.data,
  RELAY.end,
  RELAY.connected,
  RELAY.resolve,
  RELAY.resolved,
  RELAY.beginDir,
  RELAY.xoff,
  RELAY.xon,
]) {
  STREAM_COMMANDS[command] = 1;
}

const KNOWN_COMMANDS = new Uint8Array(256);
for (const command of Object.values(RELAY)) KNOWN_COMMANDS[command] = 1;

/** Whether a relay cell v1 of that command has a stream number; all others have none. prop 340. */
export function hasStream(command: RelayCommand): boolean {
  return STREAM_COMMANDS[command & 0xff] === 1;
}

/** Whether it is one of {@link RELAY}. */
export function isKnownRelayCommand(command: RelayCommand): boolean {
  return KNOWN_COMMANDS[command & 0xff] === 1;
}
