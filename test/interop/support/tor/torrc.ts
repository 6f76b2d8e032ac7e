import { isRouter, type TorNodePlan } from './node.ts';

/** What all nodes of a network have in common. */
export interface TorrcCommon {
  readonly dirAuthorities: readonly string[];
  /** Between two consensuses: ≥ 10, a divisor of a day. */
  readonly intervalSec: number;
  /** `name=value` each, voted for by every authority. */
  readonly consensusParams: readonly string[];
  /** A file with nothing in it. */
  readonly emptyPath: string;
  /** File that names the resolver of the harness. */
  readonly resolvConfPath: string;
}

/** C tor takes no less on a testing network, for the time to vote and the time to sign. */
const VOTE_DELAY_SEC = 2;
/** The most: no vote before {@link firstVote}, except once in half an hour. */
const INITIAL_INTERVAL_SEC = 1_800;
/** The least. */
const FIRST_VOTE_INTERVAL_SEC = 5;

/** The configuration of one node; `extra` lines come last and win. */
export function torrcOf(plan: TorNodePlan, common: TorrcCommon, extra: readonly string[]): string {
  const lines = [
    'TestingTorNetwork 1',
    `DataDirectory ${plan.dataDir}`,
    `Nickname ${plan.name}`,
    'Log notice stdout',
    'LogTimeGranularity 1',
    'SafeLogging 0',
    'ProtocolWarnings 1',
    `ControlPort 127.0.0.1:${plan.controlPort}`,
    'CookieAuthentication 1',
    'PathsNeededToBuildCircuits 0.67',
    'ShutdownWaitLength 0',
    'AddressDisableIPv6 1',
    // Reading the files of the system would take half a second of processor time in each.
    `GeoIPFile ${common.emptyPath}`,
    `GeoIPv6File ${common.emptyPath}`,
    // From this address nothing outside of the loopback can be reached, whatever a stream asks for.
    'OutboundBindAddress 127.0.0.1',
    ...common.dirAuthorities.map((line) => `DirAuthority ${line}`),
    ...(isRouter(plan.role) ? routerLines(plan, common) : clientLines(plan)),
    ...(plan.role === 'authority' ? authorityLines(plan, common) : []),
    ...extra,
  ];
  return `${lines.join('\n')}\n`;
}

function routerLines(plan: TorNodePlan, common: TorrcCommon): string[] {
  const isExit = plan.role === 'exit';
  return [
    'Address 127.0.0.1',
    `ORPort 127.0.0.1:${plan.orPort} IPv4Only`,
    'SocksPort 0',
    // It need not test itself; the authorities test everybody.
    'AssumeReachable 1',
    'ContactInfo a test <nobody@invalid.test>',
    `ServerDNSResolvConfFile ${common.resolvConfPath}`,
    'ServerDNSDetectHijacking 0',
    'ServerDNSTestAddresses loopback.test',
    'ServerDNSAllowBrokenConfig 1',
    `ExitRelay ${isExit ? 1 : 0}`,
    ...(isExit ? ['ExitPolicyRejectPrivate 0', 'IPv6Exit 0'] : []),
    `ExitPolicy ${isExit ? 'accept' : 'reject'} *:*`,
  ];
}

function authorityLines(plan: TorNodePlan, common: TorrcCommon): string[] {
  return [
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    `DirPort 127.0.0.1:${plan.dirPort}`,
    'AuthDirTestReachability 1',
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *',
    'TestingMinExitFlagThreshold 0',
    'V3AuthNIntervalsValid 3',
    `TestingV3AuthInitialVotingInterval ${INITIAL_INTERVAL_SEC}`,
    `TestingV3AuthInitialVoteDelay ${VOTE_DELAY_SEC}`,
    `TestingV3AuthInitialDistDelay ${VOTE_DELAY_SEC}`,
    `V3AuthVotingInterval ${common.intervalSec}`,
    `V3AuthVoteDelay ${VOTE_DELAY_SEC}`,
    `V3AuthDistDelay ${VOTE_DELAY_SEC}`,
    ...(common.consensusParams.length === 0 ? [] : [`ConsensusParams ${common.consensusParams.join(' ')}`]),
  ];
}

function clientLines(plan: TorNodePlan): string[] {
  return [
    `SocksPort 127.0.0.1:${plan.socksPort}`,
    // On the loopback it would learn a time-out of some 60 ms and give up circuits that only waited for a processor.
    'LearnCircuitBuildTimeout 0',
    'CircuitBuildTimeout 30',
  ];
}

/**
 * Settings for the authorities, all at once, that let the first vote begin within a second of `nowMs` (milliseconds
 * since 1970). A vote that comes before all relays are known costs 10 s: the next takes place an interval later.
 */
export function firstVote(nowMs: number): Readonly<Record<string, number>> {
  // A vote begins two delays before the consensus it makes becomes valid.
  const validAfterSec = Math.ceil(nowMs / 1000) + 2 * VOTE_DELAY_SEC;
  return {
    TestingV3AuthInitialVotingInterval: FIRST_VOTE_INTERVAL_SEC,
    TestingV3AuthVotingStartOffset: validAfterSec % FIRST_VOTE_INTERVAL_SEC,
  };
}
