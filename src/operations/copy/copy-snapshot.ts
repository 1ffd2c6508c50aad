/** Copies one snapshot: as it is stored where that can be done, else through what it holds. */
import type { Copying, CopyResult, Engine, Snapshot } from '../../engines/engine.ts';
import type { Warning } from '../../sources/source.ts';
import type { StepTools } from '../step.ts';
import type { CopyPlace } from './choose-copies.ts';
import { readStored } from './stored-reading.ts';

export interface Copier extends AsyncDisposable {
  /** Throws what reading and storing it throw. `readBack`: all that was stored is compared with what was sent, where the repository can do that. */
  copy(place: CopyPlace, readBack: boolean, tools: StepTools): Promise<Copied>;
}

export interface Copied extends Pick<CopyResult, 'snapshot' | 'already' | 'storedBytes' | 'files' | 'rereadBytes'> {
  /** True when nothing of it was unpacked. */
  readonly asStored: boolean;
}

/** Copies into `to`, one after another. What is opened for a repository serves all that is copied from it. */
export function openCopier(to: Engine, signal: AbortSignal): Copier {
  const opened = new AsyncDisposableStack();
  const under = new Map<Engine, Promise<Copying | undefined>>();
  let warn: ((warning: Warning) => void) | undefined;

  async function open(from: Engine): Promise<Copying | undefined> {
    const copying = await to.copyFrom?.(from, { signal, warn: (warning) => warn?.(warning) });
    if (copying !== undefined) opened.use(copying);
    return copying;
  }

  function copyingFrom(from: Engine): Promise<Copying | undefined> {
    const known = under.get(from);
    if (known !== undefined) return known;
    const opening = open(from);
    under.set(from, opening);
    // What is locked now may be free for the next one.
    opening.catch(() => under.delete(from));
    return opening;
  }

  return {
    async copy({ engine, snapshot }, readBack, tools) {
      warn = tools.warn;
      const copying = await copyingFrom(engine);
      const result = await copying?.copy(snapshot, { progress: tools.progress, readBack });
      if (result !== undefined) return { ...result, asStored: true };
      return await copyContents(engine, snapshot, to, tools);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Every byte is checked as it leaves the one repository, and nothing is kept between the two. */
export async function copyContents(from: Engine, snapshot: Snapshot, to: Engine, tools: StepTools): Promise<Copied> {
  await using reading = await readStored(from, snapshot, tools);
  const { source, recoveryPoint, time } = snapshot;
  const result = await to.backup(reading, {
    ...{ source, recoveryPoint, signal: tools.signal, warn: tools.warn, progress: tools.progress },
    kind: reading.facts.kind,
    tags: ownTags(snapshot),
    excludes: [],
    startedAt: time,
    // What an archive tells of a file is too little to call it unchanged.
    force: true,
    isCopy: true,
  });
  const { stats, files = [] } = result;
  return { snapshot: result.snapshot, already: false, storedBytes: stats.storedBytes, files, asStored: false };
}

/** Tags by which a repository knows what Surety made; each writes them itself. */
const REPOSITORY_TAG = /^(surety$|source=|point=)/;

function ownTags({ tags, source, recoveryPoint }: Snapshot): readonly string[] {
  return source === '' && recoveryPoint === '' ? tags : tags.filter((tag) => !REPOSITORY_TAG.test(tag));
}
