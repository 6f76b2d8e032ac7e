import * as assert from 'uvu/assert';
import { AlliumError } from '../../../../engine/codec/error.ts';

/** The AlliumError that `run` throws. */
export function thrown(run: () => unknown): AlliumError {
  try {
    run();
  } catch (error) {
    assert.instance(error, AlliumError);
    return error as AlliumError;
  }
  throw new Error('nothing was thrown');
}
