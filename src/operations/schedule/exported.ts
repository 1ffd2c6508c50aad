/** What the files for schedulers are made of, and what is the same in all of them. */
import { SuretyError } from '../../base/errors.ts';
import { hasSameTimes } from '../../rules/same-times.ts';
import type { Scheduled } from '../../rules/scheduled.ts';

/** Where Surety and its configuration are on the machine whose scheduler runs them; absolute paths. */
export interface Installation {
  /** `bin/surety`. */
  readonly surety: string;
  readonly node: string;
  readonly configFile: string;
  readonly directory: string;
}

export interface ExportRequest {
  /** At least one. */
  readonly scheduled: readonly Scheduled[];
  readonly installation: Installation;
  /** Begins the names of units and tasks: `surety`. */
  readonly name: string;
  /** Of the machine whose scheduler it is. */
  readonly timeZone: string;
  readonly now: Date;
  /** Where the output of runs is appended to. */
  readonly log: string | undefined;
  /** A file with `NAME=value` lines that holds the secrets. */
  readonly envFile: string | undefined;
  /** Variables that a run must have besides, such as where the catalog is; no secrets. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ExportedFile {
  /** Its name where several are written to a folder. */
  readonly name: string;
  readonly text: string;
}

export interface Exported {
  readonly files: readonly ExportedFile[];
  /** Sentences for who puts it into effect. */
  readonly notes: readonly string[];
}

/** Begins every file, so that only such a file is ever overwritten without being asked. */
export const MARK = 'Written by `surety schedule export`';

/** The sentence at the beginning of every file. */
export function headOf(kind: string, { installation }: ExportRequest): string {
  return `${MARK} ${kind} from ${installation.configFile}: write it anew after a change there.`;
}

/** Folders in which programs such as pg_dump are. */
export const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A schedule that the scheduler can not express. */
export function inexpressible({ name, schedule }: Scheduled, why: string, hint: string): SuretyError {
  return new SuretyError('schedule.inexpressible', `${name} (${schedule}): ${why}`, { hint });
}

/** Throws `schedule.inexpressible` unless a scheduler that knows only the time of its machine runs it at the right times. */
export function expectLocalTimes(one: Scheduled, request: ExportRequest, scheduler: string, instead: string): void {
  const { timeZone, now } = request;
  if (one.timeZone === undefined || hasSameTimes(one.schedule, one.timeZone, timeZone, now)) return;
  const why = `its times are those of ${one.timeZone}, and ${scheduler} knows only those of its machine, here ${timeZone}`;
  throw inexpressible(one, why, instead);
}

/** Throws `schedule.path`: no scheduler's file can hold such a name. */
export function expectOneLine(paths: readonly (string | undefined)[]): void {
  for (const path of paths) {
    if (path === undefined || ![...path].some((char) => char < ' ' || char === '\u007f')) continue;
    throw new SuretyError('schedule.path', `${JSON.stringify(path)} has a control character in it`, {
      hint: 'no file for a scheduler can hold such a path: rename it',
    });
  }
}

/** All variables that secrets come from. */
export function variablesOf(scheduled: readonly Scheduled[]): string[] {
  return [...new Set(scheduled.flatMap(({ variables }) => variables))].sort();
}

/** Variables that stores and client programs take by themselves. */
const TAKEN_BY_PROGRAMS =
  /^(?:AWS_\w+|AZURE_\w+|GOOGLE_\w+|PG[A-Z]\w*|MYSQL_\w+|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|(?:HTTPS?|NO|ALL)_PROXY)$/i;

/** A sentence about those that are set here and that no secret of the configuration names: a run by schedule lacks them. */
export function unnamedNotes(set: readonly string[], scheduled: readonly Scheduled[]): string[] {
  const named = variablesOf(scheduled);
  const names = set.filter((name) => TAKEN_BY_PROGRAMS.test(name) && !named.includes(name)).sort();
  if (names.length === 0) return [];
  const them = names.length === 1 ? 'it' : 'them';
  const are = names.length === 1 ? 'is' : 'are';
  return [
    `${names.join(', ')} ${are} set here, but not in a run by schedule: if that needs ${them}, set ${them} there too`,
  ];
}

/** Options of every run: only what is wrong is said where somebody gets it by mail, everything where it goes into a log. */
export function outputOptions({ log }: Pick<ExportRequest, 'log'>): string[] {
  return log === undefined ? ['--quiet'] : ['--no-progress'];
}
