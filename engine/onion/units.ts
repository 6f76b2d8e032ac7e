import type { Branded } from '../runtime/port.ts';

/** Number of a circuit on one link: 32 bits, 0 only for cells of the link itself. tor-spec, "cell packet format". */
export type CircuitId = Branded<number, 'CircuitId'>;

/** Number of a stream on one circuit: 16 bits, 0 for the circuit itself. tor-spec, "relay cells". */
export type StreamId = Branded<number, 'StreamId'>;

// These cost nothing: they only tell the compiler what a number is. None of them checks it.

/** A number of a circuit. */
export const circuitId = (id: number): CircuitId => id as CircuitId;
/** A number of a stream. */
export const streamId = (id: number): StreamId => id as StreamId;

/** The circuit number of cells that concern the link. */
export const LINK_CIRCUIT = circuitId(0);
/** The stream number of relay cells that concern the circuit. */
export const CIRCUIT_STREAM = streamId(0);
