import { type ConsensusParams, PARAM_MAX, readParam } from './consensus-param.ts';

/** Defences of a relay against floods, per client address. dos-spec; C tor man page, DoS options. */
export interface DosParams {
  readonly isCircuitDefenceOn: boolean;
  /** From this many connections on circuits of an address are counted. */
  readonly circuitConnectionsMin: number;
  readonly circuitsPerSec: number;
  readonly circuitBurst: number;
  /** How long circuits of an address are refused once it has gone too far. */
  readonly circuitRefuseMs: number;
  /** After so many circuits whose cells it did not take an address is refused circuits as well; 0: never. */
  readonly circuitOverflowsMax: number;
  readonly isConnectionDefenceOn: boolean;
  readonly connectionsMax: number;
  readonly connectsPerSec: number;
  readonly connectBurst: number;
  /** How long connections of an address are refused once it has connected too often. */
  readonly connectRefuseMs: number;
  readonly isStreamDefenceOn: boolean;
  /** A circuit that opens streams too fast is closed; else the streams beyond the rate are refused. */
  readonly isStreamFloodClosed: boolean;
  readonly streamsPerSec: number;
  readonly streamBurst: number;
}

/** Type 1 of each defence is “no defence”. */
const NO_DEFENCE = 1;
/** Of the defence against streams. */
const CLOSE_CIRCUIT = 3;

/** From the consensus, clamped; `overrides` come from the configuration. */
export function dosParams(params: ConsensusParams, overrides: Partial<DosParams> = {}): DosParams {
  const read = (name: string, fallback: number, min = 1, max = PARAM_MAX): number =>
    readParam(params, name, { fallback, min, max });
  const isOn = (name: string): boolean =>
    read(`${name}Enabled`, 0, 0, 1) === 1 && read(`${name}DefenseType`, 2, 1, 3) !== NO_DEFENCE;
  return {
    isCircuitDefenceOn: isOn('DoSCircuitCreation'),
    circuitConnectionsMin: read('DoSCircuitCreationMinConnections', 3),
    circuitsPerSec: read('DoSCircuitCreationRate', 3),
    circuitBurst: read('DoSCircuitCreationBurst', 90),
    circuitRefuseMs: read('DoSCircuitCreationDefenseTimePeriod', 3600, 0) * 1000,
    circuitOverflowsMax: read('dos_num_circ_max_outq', 3, 0),
    isConnectionDefenceOn: isOn('DoSConnection'),
    connectionsMax: read('DoSConnectionMaxConcurrentCount', 100),
    connectsPerSec: read('DoSConnectionConnectRate', 20),
    connectBurst: read('DoSConnectionConnectBurst', 40),
    connectRefuseMs: read('DoSConnectionConnectDefenseTimePeriod', 86_400, 10) * 1000,
    isStreamDefenceOn: isOn('DoSStreamCreation'),
    isStreamFloodClosed: read('DoSStreamCreationDefenseType', 2, 1, 3) === CLOSE_CIRCUIT,
    streamsPerSec: read('DoSStreamCreationRate', 100),
    streamBurst: read('DoSStreamCreationBurst', 300),
    ...overrides,
  };
}
