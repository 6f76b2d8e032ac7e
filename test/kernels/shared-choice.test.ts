// Aim: a choice of kernels written by one thread reads the same in another.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { choiceOfOne, type KernelChoice, OPERATION_NAMES } from '../../engine/kernels/choice.ts';
import { createSharedChoice, readChoice, writeChoice } from '../../engine/kernels/shared-choice.ts';

const suite = uvuSuite('shared choice');

suite('what was written is read, for each operation by itself', () => {
  const shared = createSharedChoice();
  assert.instance(shared.buffer, SharedArrayBuffer);
  const choices: KernelChoice[] = [
    choiceOfOne('wasm'),
    choiceOfOne('native'),
    ...OPERATION_NAMES.map((name): KernelChoice => ({ ...choiceOfOne('native'), [name]: 'wasm' })),
  ];
  for (const choice of choices) {
    writeChoice(shared, choice);
    assert.equal(readChoice(shared), choice);
  }
});

suite.run();
