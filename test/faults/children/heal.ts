import type { CrashWork } from '../crash.ts';
import { healSample } from '../heal-sample.ts';
import { openSample, type Sample } from '../sample-repository.ts';

interface Input {
  readonly from: Sample;
  readonly to: Sample;
  /** Keys of the files that a verification found bad. */
  readonly suspects: readonly string[];
}

const work: CrashWork<Input> = async ({ from, to, suspects }, wrap) => {
  await using other = await openSample(from);
  await using engine = await openSample(to, wrap);
  await healSample(engine, other, suspects);
};

export default work;
