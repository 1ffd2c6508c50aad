import { copyAll } from '../copy-sample.ts';
import type { CrashWork } from '../crash.ts';
import { openSample, type Sample } from '../sample-repository.ts';

/** Copies every snapshot of one repository into another; the faults are around the one that is written. */
const copyRepository: CrashWork<{ readonly from: Sample; readonly to: Sample }> = async ({ from, to }, wrap) => {
  await using source = await openSample(from);
  await using target = await openSample(to, wrap);
  await copyAll(source, target);
};

export default copyRepository;
