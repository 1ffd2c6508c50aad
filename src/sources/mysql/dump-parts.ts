/** A dump taken apart into tables with their rows, which are streamed, and code (triggers, events, routines, views), which is kept. */

export interface Code {
  /** Views that have only names of columns: what stands for a view until all that it refers to is there. */
  readonly placeholders: string;
  readonly triggers: string;
  readonly events: string;
  readonly routines: string;
  readonly views: string;
}

type Part = keyof Code | 'tables';

export interface DumpParts {
  /** The dump without its code. */
  readonly tables: AsyncIterable<Uint8Array>;
  /** Known when `tables` came to its end. */
  code(): Code;
  /** Tables and sequences that the dump has, whether they were wanted or not; known then too. */
  names(): readonly string[];
}

export interface PartsHow {
  /** Gets each line of a table's definition that takes values of a sequence. */
  readonly rewriteDefault?: ((line: string) => string) | undefined;
  /** The tables and sequences that go on, with their triggers; the rest is left out. Default: all. */
  readonly wants?: ((table: string) => boolean) | undefined;
}

/** The dump programs put a heading before each part, except before triggers: those follow the rows of their table. */
const HEADINGS: readonly (readonly [string, Part])[] = [
  ['-- Dumping events for database', 'events'],
  ['-- Dumping routines for database', 'routines'],
  ['-- Final view structure for view', 'views'],
  ['-- Table structure for table', 'tables'],
  ['-- Temporary table structure for view', 'placeholders'],
  ['-- Temporary view structure for view', 'placeholders'],
  ['-- Sequence structure for', 'tables'],
  ['-- Dumping data for table', 'tables'],
];
/** Of parts that belong to one table. */
const TABLE_HEADING = /^-- (?:Table structure for table|Sequence structure for|Dumping data for table) `(.*)`$/;
/** What puts back the settings, after everything else. */
const TRAILER = /^\/\*!\d+ SET (TIME_ZONE|SQL_MODE|FOREIGN_KEY_CHECKS)=@OLD_/;
const TRIGGER_LINE = /^(\/\*!50003 |\/\*!50032 DROP TRIGGER|ALTER DATABASE |DELIMITER )/;
/** MariaDB's programs begin with it; others would take it for a command they do not know. */
const SANDBOX = /^\/\*M?!999999\\- /;

/** First bytes of lines that can be anything but rows and parts of definitions: `-`, `/`, `A`, `D`, and a blank for columns. */
const INTERESTING = new Set([0x2d, 0x2f, 0x41, 0x44, 0x20]);
const LINE_END = 0x0a;

export function takeApart(chunks: AsyncIterable<Uint8Array>, how: PartsHow = {}): DumpParts {
  const code: Record<keyof Code, string[]> = {
    placeholders: [],
    triggers: [],
    events: [],
    routines: [],
    views: [],
  };
  let part: Part = 'tables';
  let inBody = false;
  /** Whether the table that the lines belong to is wanted; what comes before the first and after the last is. */
  let chosen = true;
  const names = new Set<string>();

  function turnTo(heading: string): void {
    part = HEADINGS.find(([beginning]) => heading.startsWith(beginning))?.[1] ?? part;
    const table = TABLE_HEADING.exec(heading)?.[1]?.replaceAll('``', '`');
    if (table === undefined) return;
    names.add(table);
    chosen = how.wants?.(table) ?? true;
  }

  /** Where a line goes. */
  function place(line: string): Part {
    if (inBody) {
      if (line === 'DELIMITER ;') inBody = false;
      return part === 'tables' ? 'triggers' : part;
    }
    if (line.startsWith('-- ')) turnTo(line);
    else if (TRAILER.test(line)) [part, chosen] = ['tables', true];
    const isTrigger = part === 'tables' && TRIGGER_LINE.test(line);
    if (line === 'DELIMITER ;;') inBody = true;
    return isTrigger ? 'triggers' : part;
  }

  /** The line as it goes on; undefined: it was kept. */
  function take(line: Buffer): Buffer | undefined {
    if (part === 'tables' && !inBody && !INTERESTING.has(line[0] ?? 0)) return chosen ? line : undefined;
    const text = line.toString('utf8');
    const bare = text.replace(/\r?\n$/, '');
    const goes = place(bare);
    if (!chosen) return undefined;
    if (goes !== 'tables') {
      code[goes].push(text);
      return undefined;
    }
    if (SANDBOX.test(bare)) return Buffer.from('\n');
    if (how.rewriteDefault === undefined || !/^ {2}`.*nextval\(/.test(bare)) return line;
    return Buffer.from(how.rewriteDefault(text), 'utf8');
  }

  async function* tables(): AsyncGenerator<Uint8Array, void, undefined> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of chunks) {
      const all: Buffer = rest.length === 0 ? viewOf(chunk) : Buffer.concat([rest, chunk]);
      const end = all.lastIndexOf(LINE_END) + 1;
      yield* passOn(all.subarray(0, end), take);
      rest = all.subarray(end);
    }
    if (rest.length > 0) yield* passOn(rest, take);
  }

  const joined = (lines: readonly string[]) => lines.join('');
  return {
    tables: tables(),
    names: () => [...names],
    code: () => ({
      placeholders: joined(code.placeholders),
      triggers: joined(code.triggers),
      events: joined(code.events),
      routines: joined(code.routines),
      views: joined(code.views),
    }),
  };
}

/** Runs of lines that go on unchanged are given as one piece. */
function* passOn(lines: Buffer, take: (line: Buffer) => Buffer | undefined): Generator<Uint8Array> {
  let [from, at] = [0, 0];
  while (at < lines.length) {
    const found = lines.indexOf(LINE_END, at);
    const end = found < 0 ? lines.length : found + 1;
    const line = lines.subarray(at, end);
    const given = take(line);
    if (given !== line) {
      if (at > from) yield lines.subarray(from, at);
      if (given !== undefined) yield given;
      from = end;
    }
    at = end;
  }
  if (lines.length > from) yield lines.subarray(from);
}

function viewOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
