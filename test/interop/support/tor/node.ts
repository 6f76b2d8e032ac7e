import type { RunningProgram } from '../program.ts';

/** What a C tor process does in the private network. Authorities and exits relay too. */
export type TorRole = 'authority' | 'relay' | 'exit' | 'client';

/** The addresses of a node before it runs. Ports are TCP ports of 127.0.0.1. */
export interface TorNodePlan {
  readonly role: TorRole;
  /** Its nickname, the name of its folder, and how `torrc` options address it: `relay1`. */
  readonly name: string;
  /** Its DataDirectory, absolute. */
  readonly dataDir: string;
  readonly controlPort: number;
  /** Of all but clients. */
  readonly orPort?: number;
  /** Of authorities. */
  readonly dirPort?: number;
  /** Of clients. */
  readonly socksPort?: number;
}

/** A running C tor process. */
export interface TorNode extends TorNodePlan {
  readonly pid: number;
  /** SHA-1 of its RSA identity, 40 capital hexadecimal digits; empty for clients. */
  readonly fingerprint: string;
  /** Its Ed25519 identity, base64 without padding; empty for clients. */
  readonly ed25519: string;
  readonly program: RunningProgram;
}

/** Whether a node of this role has an ORPort. */
export function isRouter(role: TorRole): boolean {
  return role !== 'client';
}
