/** Removes the first of two snapshots and everything that only it needed. */
import type { CrashWork } from '../crash.ts';
import { openSample, type Sample } from '../sample-repository.ts';

const how = { signal: new AbortController().signal };

const work: CrashWork<Sample> = async (sample, wrap) => {
  await using engine = await openSample(sample, wrap);
  const { snapshots } = await engine.list(how);
  await engine.forget([snapshots[0]!.id], how);
  await engine.prune({ ...how, dryRun: false, maxUnused: 0 });
};

export default work;
