/**
 * Whether a database dump is whole, told from its two ends. Dump programs write their last line only when everything before it
 * was written, so a dump that was cut anywhere lacks it.
 */

/** How many bytes of each end are needed. */
export const DUMP_END_BYTES = 4096;

export type DumpKind = 'postgres' | 'postgres-cluster' | 'postgres-custom' | 'mysql' | 'sqlite' | 'unknown';

export interface DumpEnds {
  /** The first bytes of the uncompressed dump, up to {@link DUMP_END_BYTES}. */
  readonly head: Uint8Array;
  /** The last ones. */
  readonly tail: Uint8Array;
}

interface DumpRule {
  readonly kind: DumpKind;
  readonly head: RegExp;
  /** Undefined: the end of such a dump can not be told from its last bytes. */
  readonly tail: RegExp | undefined;
  readonly lacks: string;
}

const LINE = '\\r?\\n';
/** What may follow: psql's end of restricted mode, which dumps of patched versions end with. */
const POSTGRES_REST = `${LINE}--${LINE}\\s*(\\\\unrestrict \\S+\\s*)?$`;

const RULES: readonly DumpRule[] = [
  {
    kind: 'postgres-custom',
    head: /^PGDMP/,
    tail: undefined,
    lacks: '',
  },
  {
    kind: 'postgres-cluster',
    head: new RegExp(`^--${LINE}-- PostgreSQL database cluster dump${LINE}`),
    tail: new RegExp(`${LINE}--${LINE}-- PostgreSQL database cluster dump complete${POSTGRES_REST}`),
    lacks: 'its last line "PostgreSQL database cluster dump complete"',
  },
  {
    kind: 'postgres',
    head: new RegExp(`^--${LINE}-- PostgreSQL database dump${LINE}`),
    tail: new RegExp(`${LINE}--${LINE}-- PostgreSQL database dump complete${POSTGRES_REST}`),
    lacks: 'its last line "PostgreSQL database dump complete"',
  },
  {
    kind: 'mysql',
    head: new RegExp(`^(/\\*M?!999999[^\\n]*${LINE})?-- (MySQL|MariaDB) dump `),
    tail: /(?:^|\n)-- Dump completed[^\n]*\s*$/,
    lacks: 'its last line "Dump completed"',
  },
  {
    kind: 'sqlite',
    head: new RegExp(`^PRAGMA foreign_keys=OFF;${LINE}BEGIN TRANSACTION;${LINE}`),
    tail: /(?:^|\n)COMMIT;\s*$/,
    lacks: 'its last line "COMMIT;"',
  },
];

/** What made the dump, told by its first bytes. */
export function dumpKind(head: Uint8Array): DumpKind {
  return ruleOf(head)?.kind ?? 'unknown';
}

/** Why the dump is not whole, as in `the dump …`; undefined when nothing is wrong with it, or when nothing is known of its kind. */
export function dumpProblem({ head, tail }: DumpEnds): string | undefined {
  if (head.length === 0) return 'is empty';
  const rule = ruleOf(head);
  if (rule?.tail === undefined || rule.tail.test(textOf(tail))) return undefined;
  return `is cut off: it lacks ${rule.lacks}`;
}

/** Whether a dump of this kind that ends with these bytes is whole; also true where that can not be told. */
export function hasDumpEnd(kind: DumpKind, tail: Uint8Array): boolean {
  return RULES.find((rule) => rule.kind === kind)?.tail?.test(textOf(tail)) ?? true;
}

function ruleOf(head: Uint8Array): DumpRule | undefined {
  const text = textOf(head);
  return RULES.find((rule) => rule.head.test(text));
}

/** One character for each byte: an end can begin in the middle of a character. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
