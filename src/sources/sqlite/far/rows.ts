/** Sums up the rows of a database whose host has only the shell `sqlite3`: that sends the rows as text, and they are summed here. */
import { type Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { SuretyError } from '../../../base/errors.ts';
import { runScript, scriptArgv } from '../../far-script.ts';
import type { TableFingerprint } from '../../source.ts';
import { type ToolHow, toolOutput } from '../../tool.ts';
import { openRowSum, type RowSum, type SqlValue, type TextBytes } from '../row-sum.ts';
import { SHELL } from './copy.ts';
import type { FarDatabase } from './database.ts';
import type { FarTools } from './tools.ts';

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Text as bytes in UTF-8. `hex` gives it in the encoding of the database. */
type Decode = (hex: string) => Buffer;

const NAMES = `(SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0)`;

const LIST = `${SHELL}
printf 'encoding %s\\n' "$(shell "$1" 'PRAGMA encoding')"
shell "$1" "SELECT hex(ieee754_to_blob(0.5))" >/dev/null 2>&1 && printf 'real exact\\n'
shell -separator ' ' "$1" "SELECT 'column', hex(t.name), hex(x.name) FROM ${NAMES} t, pragma_table_xinfo(t.name) x WHERE x.hidden = 0 ORDER BY t.name, x.cid" 2>/dev/null ||
  shell -separator ' ' "$1" "SELECT 'column', hex(t.name), hex(x.name) FROM ${NAMES} t, pragma_table_info(t.name) x ORDER BY t.name, x.cid"
`;

/** The statements come on standard input. */
const SEND = `${SHELL}
if [ "$2" = yes ]; then shell -separator , "$1" | gzip -1; else shell -separator , "$1"; fi
`;

const END = '=end';

export async function fingerprintOfRows(
  { reach }: FarDatabase,
  { gzip }: FarTools,
  uri: string,
  level: 'full' | 'counts',
  how: ToolHow,
): Promise<TableFingerprint[]> {
  const listed = await runScript(reach, LIST, [uri], how);
  const encoding = /^encoding (.*)$/m.exec(listed)?.[1] ?? 'UTF-8';
  const decode = decoderOf(encoding);
  const tables = tablesOf(listed, decode);
  const script = tables.map(
    (table, at) => `.print =${at}\n${statementOf(table, level, /^real exact$/m.test(listed))};\n`,
  );
  const pragmas = `.print =schema\nSELECT ${['user_version', 'application_id', 'encoding'].map(pragmaValue).join(', ')};\n`;
  const stdin = once(`${script.join('')}${pragmas}.print ${END}\n`);
  const output = toolOutput(reach, scriptArgv(SEND, [uri, gzip ? 'yes' : 'no']), { ...how, stdin });
  return await sumLines(gzip ? through(output, createGunzip(), how.signal) : output, tables, { decode, level, how });
}

function tablesOf(listed: string, decode: Decode): Table[] {
  const tables = new Map<string, string[]>([['sqlite_schema', []]]);
  for (const [, table = '', column = ''] of listed.matchAll(/^column ([0-9A-F]*) ([0-9A-F]*)$/gm)) {
    const name = decode(table).toString('utf8');
    tables.set(name, [...(tables.get(name) ?? []), `"${decode(column).toString('utf8').replaceAll('"', '""')}"`]);
  }
  const sorted = [...tables].sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  return sorted.map(([name, columns]) => ({ name, columns }));
}

function statementOf({ name, columns }: Table, level: 'full' | 'counts', exact: boolean): string {
  const own = name === 'sqlite_schema';
  const from = own ? 'sqlite_master' : `"${name.replaceAll('"', '""')}"`;
  if (level === 'counts') return `SELECT count(*) FROM ${from}`;
  const names = own ? ['type', 'name', 'tbl_name', 'sql'] : columns;
  return `SELECT ${names.map((column) => spelled(column, exact)).join(', ')} FROM ${from}`;
}

/** A value as a letter and text without commas and line ends. Only some shells can give a real number bit by bit. */
function spelled(column: string, exact: boolean): string {
  const real = exact ? `'r' || hex(ieee754_to_blob(${column}))` : `'f' || printf('%!.20e', ${column})`;
  return `CASE typeof(${column}) WHEN 'text' THEN 't' || hex(${column}) WHEN 'integer' THEN 'i' || ${column} WHEN 'real' THEN ${real} WHEN 'blob' THEN 'b' || hex(${column}) ELSE 'n' END`;
}

function pragmaValue(pragma: string): string {
  return `(SELECT ${pragma} FROM pragma_${pragma})`;
}

interface SumHow {
  readonly decode: Decode;
  readonly level: 'full' | 'counts';
  readonly how: ToolHow;
}

async function sumLines(
  chunks: AsyncIterable<Uint8Array>,
  tables: readonly Table[],
  { decode, level, how }: SumHow,
): Promise<TableFingerprint[]> {
  const sums = tables.map(() => openRowSum());
  const counts = tables.map(() => 0);
  let at = '';
  for await (const line of linesOf(chunks)) {
    if (line.startsWith('=')) at = line.slice(1);
    else if (at === 'schema') addPragmas(sums[indexOfSchema(tables)]!, line);
    else if (level === 'counts') counts[Number(at)] = Number(line);
    else {
      sums[Number(at)]!.add(line.split(',').map((text) => spelledValue(text, decode)));
      counts[Number(at)]! += 1;
    }
  }
  if (`=${at}` !== END) throw new SuretyError('source.failed', `${how.doing}: the rows did not come to their end`);
  return tables.map(({ name }, index) => ({
    name,
    rows: counts[index]!,
    ...(level === 'counts' ? {} : { checksum: sums[index]!.checksum() }),
  }));
}

function indexOfSchema(tables: readonly Table[]): number {
  return tables.findIndex(({ name }) => name === 'sqlite_schema');
}

function addPragmas(sum: RowSum, line: string): void {
  const [version = '0', application = '0', encoding = ''] = line.split(',');
  sum.add(['user_version', BigInt(version)]);
  sum.add(['application_id', BigInt(application)]);
  sum.add(['encoding', encoding]);
}

function spelledValue(spelling: string, decode: Decode): SqlValue | TextBytes {
  const text = spelling.slice(1);
  switch (spelling[0]) {
    case 't':
      return { text: decode(text) };
    case 'i':
      return BigInt(text);
    case 'r':
      return Buffer.from(text, 'hex').readDoubleBE();
    case 'f':
      return /inf/i.test(text) ? Number.POSITIVE_INFINITY * (text.startsWith('-') ? -1 : 1) : Number(text);
    case 'b':
      return Buffer.from(text, 'hex');
    default:
      return null;
  }
}

function decoderOf(encoding: string): Decode {
  if (!encoding.startsWith('UTF-16')) return (hex) => Buffer.from(hex, 'hex');
  return (hex) => {
    const bytes = Buffer.from(hex, 'hex');
    return Buffer.from((encoding === 'UTF-16be' ? bytes.swap16() : bytes).toString('utf16le'), 'utf8');
  };
}

/** Lines are ASCII, and can be long. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const lines = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1').split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      yield parts.join('') + line;
      parts = [];
    }
    parts.push(rest);
  }
}

async function* through(
  chunks: AsyncIterable<Uint8Array>,
  unpacking: Duplex,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const out = new PassThrough();
  const done = pipeline(chunks, unpacking, out, { signal });
  done.catch(() => {});
  yield* out as AsyncIterable<Uint8Array>;
  await done;
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}
