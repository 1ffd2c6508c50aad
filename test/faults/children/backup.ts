/** A second day's backup. */
import type { CrashWork } from '../crash.ts';
import { backUp, openSample, type Sample } from '../sample-repository.ts';

const work: CrashWork<Sample> = async (sample, wrap) => {
  await using engine = await openSample(sample, wrap);
  await backUp(engine, sample);
};

export default work;
