import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Generator, generatorOf } from '../generate.ts';
import type { Dataset } from './dataset.ts';

/**
 * A plain SQL dump of about 800 MB as pg_dump writes it: three tables of `COPY` lines with ids, times, numbers, names, hashes and prose.
 *
 * A day does to each table what applications do: it adds one per cent of rows at the end, purges the oldest 0.2 %, updates 4 % and deletes
 * 0.2 % of the newest tenth, and touches a few rows anywhere (one in 40,000; half of them are updated, half deleted). Half of the updated rows
 * move to the end of their table, as a database that writes new row versions does. The file is written anew, under the same name.
 */
export const dump: Dataset = {
  letter: 'd',
  title: '800 MB SQL dump',
  write: (root, scale) => writeDump(root, scale, 1),
  nextDay: writeDump,
};

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  row(id: number, version: number): string;
}

function tablesOf(scale: number): Table[] {
  return [
    {
      name: 'users',
      columns: ['id', 'created_at', 'name', 'email', 'password_hash', 'active'],
      rows: Math.round(300_000 * scale),
      row: (id, version) =>
        `${id}\t${time(id)}\t${word(id)} ${word(id * 7)}\t${word(id)}.${id}@example.org\t${hex(id, version, 8)}\tt`,
    },
    {
      name: 'events',
      columns: ['id', 'user_id', 'at', 'kind', 'value', 'comment'],
      rows: Math.round(5_000_000 * scale),
      row: (id, version) =>
        `${id}\t${mix(id) % 300_000}\t${time(id)}\t${KINDS[mix(id * 3) % KINDS.length]}\t${(mix(id + version * 977) % 1_000_000) / 100}\t${sentence(id, version, 5)}`,
    },
    {
      name: 'documents',
      columns: ['id', 'title', 'body', 'checksum'],
      rows: Math.round(250_000 * scale),
      row: (id, version) =>
        `${id}\t${sentence(id, 0, 4)}\t${sentence(id, version, 80 + (mix(id) % 160))}\t${hex(id, version, 8)}`,
    },
  ];
}

const KINDS = ['view', 'click', 'login', 'logout', 'purchase', 'refund', 'search', 'error'];

function writeDump(root: string, scale: number, day: number): void {
  const path = join(root, 'database.sql');
  const file = openSync(`${path}.new`, 'w');
  try {
    writeSync(
      file,
      "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\n",
    );
    for (const table of tablesOf(scale)) writeTable(file, table, day);
    writeSync(file, '--\n-- PostgreSQL database dump complete\n--\n\n');
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

function writeTable(file: number, table: Table, day: number): void {
  const columns = table.columns.join(', ');
  writeSync(
    file,
    `CREATE TABLE public.${table.name} (${columns});\n\nCOPY public.${table.name} (${columns}) FROM stdin;\n`,
  );
  const moved: string[] = [];
  let lines: string[] = [];
  const total = Math.round(table.rows * (1 + 0.01 * (day - 1)));
  for (let id = 1; id <= total; id++) {
    const state = stateOf(id, table.rows, day);
    if (state.deleted) continue;
    const line = table.row(id, state.version);
    if (state.moved) moved.push(line);
    else lines.push(line);
    if (lines.length < 5_000) continue;
    writeSync(file, `${lines.join('\n')}\n`);
    lines = [];
  }
  writeSync(file, `${[...lines, ...moved].join('\n')}\n\\.\n\n`);
}

/** What all days up to `day` have done to a row. */
function stateOf(id: number, rows: number, day: number): { deleted: boolean; version: number; moved: boolean } {
  let version = 0;
  let moved = false;
  if (id <= rows * 0.002 * (day - 1)) return { deleted: true, version, moved };
  const newest = id > rows * 0.9;
  const [deletesPerMillion, updatesPerMillion] = newest ? [2_000, 40_000] : [12, 12];
  for (let past = 2; past <= day; past++) {
    const draw = mix(id ^ (past * 0x2545f491)) % 1_000_000;
    if (draw < deletesPerMillion) return { deleted: true, version, moved };
    if (draw >= deletesPerMillion + updatesPerMillion) continue;
    version = past;
    moved = draw % 2 === 0;
  }
  return { deleted: false, version, moved };
}

const generator: Generator = generatorOf('dump');
const WORDS = generator
  .prose(400_000)
  .toString('latin1')
  .split(/[ ,.\n]+/)
  .filter((one) => one.length > 1);

/** A well mixed 32-bit number of another one. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function word(id: number): string {
  return WORDS[mix(id) % WORDS.length] ?? '';
}

function sentence(id: number, version: number, words: number): string {
  const start = mix(id * 31 + version);
  let text = word(start);
  for (let at = 1; at < words; at++) text += ` ${word(start + at)}`;
  return text;
}

function hex(id: number, version: number, words: number): string {
  let text = '';
  for (let at = 0; at < words; at++)
    text += mix(id * 131 + version * 17 + at * 7919)
      .toString(16)
      .padStart(8, '0');
  return text;
}

/** Later ids are later, some seconds apart. */
function time(id: number): string {
  return new Date(1_600_000_000_000 + id * 7_000 + (mix(id) % 7_000))
    .toISOString()
    .replace('T', ' ')
    .replace('Z', '+00');
}
