import { formatElapsed } from '../../base/durations.ts';
import type { Whole } from '../../base/whole.ts';
import type {
  Content,
  ContentHow,
  Entry,
  ReadHow,
  Reading,
  Restoring,
  Source,
  SourceFacts,
  WriteHow,
  WriteReport,
  Xattr,
} from '../source.ts';
import { beginOutage, type Outage } from './outage.ts';
import type { StoppableService } from './stoppable.ts';
import { openTurns } from './turns.ts';

/** The source inside, with the service stopped from before it is read until all of it was. */
export function stoppedSource(service: StoppableService, source: Source): Whole<Source> {
  const turns = openTurns();
  const begin = async (how: ReadHow | WriteHow): Promise<Outage> => {
    await using opening = new AsyncDisposableStack();
    opening.use(await turns.take(how.signal));
    const outage = opening.use(await beginOutage(service, how));
    const whole = opening.move();
    return { end: outage.end, endAfter: outage.endAfter, [Symbol.asyncDispose]: () => whole.disposeAsync() };
  };
  return {
    traits: { ...source.traits, name: service.name },
    async read(how) {
      if (how.look === true) {
        warnIfLeft(service, how);
        return await source.read(how);
      }
      await using opening = new AsyncDisposableStack();
      const outage = opening.use(await begin(how));
      const reading = await whileStopped(outage, () => source.read(how));
      opening.move();
      return new StoppedReading(reading, outage);
    },
    write: (restoring, how) => (isInPlace(how) ? writeInside(restoring, how) : source.write(restoring, how)),
    locate: (entryPath) => source.locate(entryPath),
    restoreOutlook: source.restoreOutlook && ((how) => source.restoreOutlook!(how)),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };

  async function writeInside(restoring: Restoring, how: WriteHow): Promise<WriteReport> {
    await using outage = await begin(how);
    const report = await whileStopped(outage, () => source.write(restoring, how));
    return { ...report, notes: [...report.notes, stoppedFor(await outage.end())] };
  }
}

/** Nothing that the service uses is touched by a restore to another place. */
function isInPlace({ target, dryRun }: WriteHow): boolean {
  return target === undefined && !dryRun;
}

/** What the work gives. Where it throws, the service is started before anything else. */
async function whileStopped<Result>(outage: Outage, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw await outage.endAfter(error);
  }
}

function warnIfLeft({ record }: StoppableService, { warn }: ReadHow): void {
  const left = record.find();
  if (left === undefined) return;
  const message = `the service is stopped, by a run that was killed or is under way (since ${left.since})`;
  warn({ code: 'service.left-stopped', path: '', message });
}

function stoppedFor(downtimeMs: number): string {
  return `the service was stopped for ${formatElapsed(downtimeMs)}`;
}

class StoppedReading implements Whole<Reading> {
  readonly host: string;
  readonly paths: readonly string[];
  readonly tree: Reading['tree'];
  readonly askAhead: Reading['askAhead'];
  readonly compare: Reading['compare'];
  readonly #inside: Reading;
  readonly #outage: Outage;

  constructor(inside: Reading, outage: Outage) {
    this.host = inside.host;
    this.paths = inside.paths;
    this.tree = inside.tree;
    this.askAhead = inside.askAhead;
    this.compare = inside.compare && ((touched, how) => inside.compare!(touched, how));
    this.#inside = inside;
    this.#outage = outage;
  }

  entries(): AsyncIterable<readonly Entry[]> {
    return this.#inside.entries();
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] | Promise<readonly (readonly Xattr[])[]> {
    return this.#inside.xattrs(entries);
  }

  content(entries: readonly Entry[], how: ContentHow): Iterable<Content> | AsyncIterable<Content> {
    return this.#inside.content(entries, how);
  }

  /** All content was taken by now, so the service need not wait for the repository. */
  async finish(): Promise<SourceFacts> {
    const facts = await whileStopped(this.#outage, () => this.#inside.finish());
    const downtimeMs = await this.#outage.end();
    return { ...facts, downtimeMs, notes: [...(facts.notes ?? []), stoppedFor(downtimeMs)] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#outage;
    await this.#inside[Symbol.asyncDispose]();
  }
}
