import { type ConsensusParams, PARAM_MAX, readParam } from '../flow/consensus-param.ts';

/** Counts for one guard; fractions, as they are scaled down. path-spec 7. */
export interface PathBiasCounts {
  /** Circuits that got to their second hop, and those of them that were completed and not cut off later. */
  buildAttempts: number;
  buildSuccesses: number;
  /** Circuits that a stream was attached to, and those of them that something came back on. */
  useAttempts: number;
  useSuccesses: number;
}

export function pathBiasCounts(): PathBiasCounts {
  return { buildAttempts: 0, buildSuccesses: 0, useAttempts: 0, useSuccesses: 0 };
}

/** Thresholds; rates are 0 … 1. path-spec 7.4. */
export interface PathBiasParams {
  readonly buildMin: number;
  readonly buildNotice: number;
  readonly buildWarn: number;
  readonly buildExtreme: number;
  readonly useMin: number;
  readonly useNotice: number;
  readonly useExtreme: number;
  /** A guard with an extreme rate is not used any more. */
  readonly isDropping: boolean;
  readonly buildScaleAt: number;
  readonly useScaleAt: number;
  readonly scaleFactor: number;
}

/** From the consensus, clamped. */
export function pathBiasParams(params: ConsensusParams): PathBiasParams {
  const read = (name: string, fallback: number, min: number, max: number): number =>
    readParam(params, `pb_${name}`, { fallback, min, max });
  const divisor = read('scalefactor', 2, 1, PARAM_MAX);
  return {
    buildMin: read('mincircs', 150, 5, PARAM_MAX),
    buildNotice: read('noticepct', 70, 0, 100) / 100,
    buildWarn: read('warnpct', 50, 0, 100) / 100,
    buildExtreme: read('extremepct', 30, 0, 100) / 100,
    useMin: read('minuse', 20, 3, PARAM_MAX),
    useNotice: read('noticeusepct', 80, 3, 100) / 100,
    useExtreme: read('extremeusepct', 60, 3, 100) / 100,
    isDropping: read('dropguards', 0, 0, 1) === 1,
    buildScaleAt: read('scalecircs', 300, 10, PARAM_MAX),
    useScaleAt: read('scaleuse', 100, 10, PARAM_MAX),
    scaleFactor: Math.min(1, read('multfactor', 1, 0, PARAM_MAX) / divisor),
  };
}

/** How suspicious a guard is. `extreme`: it probably fails circuits on purpose, to those exits that it does not own. */
export type PathBiasLevel = 'fine' | 'notice' | 'warn' | 'extreme';

export interface PathBiasVerdict {
  readonly level: PathBiasLevel;
  /** Which of the two rates is to blame; undefined when all is fine. */
  readonly about: 'build' | 'use' | undefined;
  /** 0 … 1. */
  readonly rate: number;
  /** The guard is to be used no more. */
  readonly isDropped: boolean;
}

/**
 * A circuit over the guard got to its second hop. `openCount`: circuits over it that have begun and whose outcome is
 * not known, this one not included; scaling must not touch them.
 */
export function noteBuildAttempt(counts: PathBiasCounts, params: PathBiasParams, openCount: number): void {
  if (counts.buildAttempts > params.buildScaleAt) {
    const open = Math.min(openCount, counts.buildAttempts);
    counts.buildAttempts = (counts.buildAttempts - open) * params.scaleFactor + open;
    counts.buildSuccesses *= params.scaleFactor;
  }
  counts.buildAttempts += 1;
}

/** It was completed. */
export function noteBuildSuccess(counts: PathBiasCounts): void {
  counts.buildSuccesses = Math.min(counts.buildSuccesses + 1, counts.buildAttempts);
}

/** A complete circuit was cut off before we closed it: no success after all. path-spec 7.1. */
export function noteCutOff(counts: PathBiasCounts): void {
  counts.buildSuccesses = Math.max(0, counts.buildSuccesses - 1);
}

/** A stream was attached to a circuit for the first time. `openCount` as for {@link noteBuildAttempt}. */
export function noteUseAttempt(counts: PathBiasCounts, params: PathBiasParams, openCount: number): void {
  if (counts.useAttempts > params.useScaleAt) {
    const open = Math.min(openCount, counts.useAttempts);
    counts.useAttempts = (counts.useAttempts - open) * params.scaleFactor + open;
    counts.useSuccesses *= params.scaleFactor;
  }
  counts.useAttempts += 1;
}

/** The circuit was closed, and an answer had come on it, to a stream or to the last probe. */
export function noteUseSuccess(counts: PathBiasCounts): void {
  counts.useSuccesses = Math.min(counts.useSuccesses + 1, counts.useAttempts);
}

/** What the counts say; nothing before there are enough of them. */
export function pathBiasVerdict(counts: PathBiasCounts, params: PathBiasParams): PathBiasVerdict {
  const verdict = (about: 'build' | 'use', level: PathBiasLevel, rate: number): PathBiasVerdict => ({
    level,
    about,
    rate,
    isDropped: level === 'extreme' && params.isDropping,
  });
  const useRate = counts.useAttempts < params.useMin ? 1 : counts.useSuccesses / counts.useAttempts;
  const buildRate = counts.buildAttempts < params.buildMin ? 1 : counts.buildSuccesses / counts.buildAttempts;
  if (useRate < params.useExtreme) return verdict('use', 'extreme', useRate);
  if (buildRate < params.buildExtreme) return verdict('build', 'extreme', buildRate);
  if (buildRate < params.buildWarn) return verdict('build', 'warn', buildRate);
  if (useRate < params.useNotice) return verdict('use', 'notice', useRate);
  if (buildRate < params.buildNotice) return verdict('build', 'notice', buildRate);
  return { level: 'fine', about: undefined, rate: Math.min(useRate, buildRate), isDropped: false };
}
