import { AlliumError } from '../../../engine/codec/error.ts';

/** The code an operation fails with; `none` when it does not, `foreign: …` for an error that is not ours. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error instanceof AlliumError ? error.code : `foreign: ${String(error)}`;
  }
}
