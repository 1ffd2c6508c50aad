/** Between records and columns: times are milliseconds, lists are JSON, long things are cut. */
import {
  LISTED_MAX,
  type Outcome,
  type RecordedCheck,
  type RecordedError,
  type RecordedWarning,
  type SnapshotRecord,
  TEXT_MAX,
} from '../catalog.ts';

/** One row as `node:sqlite` returns it. */
export type Row = Readonly<Record<string, unknown>>;

export function cut(text: string): string {
  const whole = text.toWellFormed();
  return whole.length > TEXT_MAX ? `${whole.slice(0, TEXT_MAX - 1)}…` : whole;
}

export function cutWarnings(warnings: readonly RecordedWarning[]): string {
  return JSON.stringify(
    warnings.slice(0, LISTED_MAX).map(({ code, path, message }) => ({ code, path: cut(path), message: cut(message) })),
  );
}

export function cutChecks(checks: readonly RecordedCheck[]): string {
  return JSON.stringify(
    checks.slice(0, LISTED_MAX).map(({ what, ok, detail }) => ({ what: cut(what), ok, detail: cut(detail) })),
  );
}

export function text(row: Row, column: string): string {
  return String(row[column]);
}

export function number(row: Row, column: string): number {
  return Number(row[column]);
}

export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : Number(value);
}

export function time(row: Row, column: string): Date {
  return new Date(number(row, column));
}

export function json<Value>(row: Row, column: string): Value {
  return JSON.parse(text(row, column));
}

export function outcome(row: Row, column = 'outcome'): Outcome {
  return text(row, column) as Outcome;
}

export function recordedError(row: Row): RecordedError | undefined {
  if (row.error_code === null) return undefined;
  return { code: text(row, 'error_code'), message: text(row, 'error_message') };
}

export function snapshotOf(row: Row): SnapshotRecord {
  return {
    repository: text(row, 'repository'),
    repositoryId: text(row, 'repository_id'),
    id: text(row, 'id'),
    source: text(row, 'source'),
    host: text(row, 'host'),
    paths: json(row, 'paths'),
    tags: json(row, 'tags'),
    time: time(row, 'time_ms'),
    recoveryPoint: text(row, 'recovery_point'),
    sizeBytes: optionalNumber(row, 'size_bytes'),
  };
}
