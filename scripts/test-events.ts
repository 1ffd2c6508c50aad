import { appendFileSync } from 'node:fs';
import { Transform } from 'node:stream';

/** Where this reporter writes, as a variable of the process of a test file. */
export const TEST_EVENTS_FILE = 'TEST_EVENTS_FILE';

/** What the runner needs of an event of node:test. */
export interface TestEvent {
  readonly type: string;
  readonly name: string;
  readonly id: number;
  readonly isSuite: boolean;
  /** The reason, or an empty one. */
  readonly skipped?: string;
  /** Why it failed, with the stack. */
  readonly error?: string;
}

interface NodeEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly testId?: number;
    readonly type?: string;
    readonly skip?: string | boolean;
    readonly details?: { readonly type?: string; readonly error?: Error };
  };
}

const KEPT = new Set(['test:dequeue', 'test:complete', 'test:pass', 'test:fail', 'test:summary']);

/**
 * A reporter for node:test (`--test-reporter`) that writes one JSON line for each event to a file, at once: nothing is lost when the
 * process is killed, and no pipe has to be read to its end. A stream rather than a generator, since that is given an event in the same
 * tick: what is told before a test blocks its process is written.
 */
export default class extends Transform {
  readonly #file = process.env[TEST_EVENTS_FILE] ?? '';

  constructor() {
    super({ writableObjectMode: true });
  }

  override _transform({ type, data }: NodeEvent, _encoding: string, done: () => void): void {
    if (KEPT.has(type)) appendFileSync(this.#file, `${JSON.stringify(shortOf(type, data))}\n`);
    done();
  }
}

function shortOf(type: string, data: NodeEvent['data']): TestEvent {
  const { name = '', testId: id = 0, skip, details } = data;
  const skipped = skip === undefined || skip === false ? {} : { skipped: skip === true ? '' : skip };
  const error = type === 'test:fail' ? { error: reasonOf(details?.error) } : {};
  return { type, name, id, isSuite: (details?.type ?? data.type) === 'suite', ...skipped, ...error };
}

/** Empty for a parent that fails because of its children, which say so themselves. */
function reasonOf(error: (Error & { failureType?: string; cause?: unknown }) | undefined): string {
  if (error?.failureType === 'subtestsFailed') return '';
  const cause = error?.cause ?? error;
  if (!(cause instanceof Error)) return String(cause);
  const causes = cause.cause instanceof Error ? `\ncause: ${cause.cause.stack ?? cause.cause.message}` : '';
  return `${cause.stack ?? cause.message}${causes}`;
}
