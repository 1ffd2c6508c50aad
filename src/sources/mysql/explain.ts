/** What the programs and the server say when something fails, as errors with a cause and a remedy. */
import { SuretyError } from '../../base/errors.ts';
import type { Exit } from '../../reach/reach.ts';

interface About {
  readonly source: string;
  readonly options: { readonly server: string | undefined; readonly socket: string | undefined };
}

interface Rule {
  /** Of the server or the client library; see mysqld_error.h and errmsg.h. */
  readonly numbers: readonly number[];
  readonly pattern?: RegExp;
  readonly code: string;
  readonly what: string;
  readonly hint: string;
  readonly retry?: 'later';
}

/** The first that fits is taken. */
const RULES: readonly Rule[] = [
  {
    numbers: [1045, 1698, 1524, 2059],
    code: 'source.denied',
    what: 'the server refuses this user or password',
    hint: 'check `user` and `password`, and that the user may log in from this host',
  },
  {
    numbers: [1820, 1862],
    code: 'source.denied',
    what: 'the password of the user has expired',
    hint: 'set a new one with ALTER USER … IDENTIFIED BY, and in the configuration',
  },
  {
    numbers: [1040, 1203, 1226],
    code: 'source.unreachable',
    what: 'the server takes no more connections',
    hint: 'raise max_connections (or the limit of the user), or run at another time',
    retry: 'later',
  },
  {
    numbers: [2026],
    code: 'source.unreachable',
    what: 'no encrypted connection could be made',
    hint: 'set the ssl options in an option file and name it with `options_file`',
  },
  {
    numbers: [2002, 2003, 2005, 1129, 1130],
    code: 'source.unreachable',
    what: 'the server can not be reached',
    hint: 'check that it runs, and `server`, `port` or `socket`',
    retry: 'later',
  },
  {
    numbers: [1153, 2020],
    pattern: /max_allowed_packet/,
    code: 'source.failed',
    what: 'a row is larger than the server takes',
    hint: 'raise max_allowed_packet in the server, for instance SET GLOBAL max_allowed_packet = 1073741824',
  },
  {
    numbers: [2006, 2013, 2055, 1053, 1927],
    code: 'source.unreachable',
    what: 'the server ended the connection in the middle',
    hint: 'look into the log of the server; where the repository is slower than net_write_timeout or a row larger than max_allowed_packet, raise these',
    retry: 'later',
  },
  {
    numbers: [1049],
    code: 'source.missing',
    what: 'there is no such database',
    hint: 'check the name in the configuration',
  },
  {
    numbers: [144, 145, 126, 127, 1194, 1195, 1034, 1035],
    pattern: /marked as crashed|should be repaired|is corrupt/i,
    code: 'source.corrupt',
    what: 'a table is damaged',
    hint: 'REPAIR TABLE it (MyISAM, Aria) or see the log of the server (InnoDB), then run again',
  },
  {
    numbers: [1356],
    code: 'source.failed',
    what: 'a view refers to tables, columns or functions that are not there',
    hint: 'drop or correct the view, or name it in `exclude_tables`',
  },
  {
    numbers: [1449],
    code: 'source.failed',
    what: 'the definer of a view or routine does not exist',
    hint: 'create that user, or change the definer of what the message names',
  },
  {
    numbers: [1412],
    code: 'source.failed',
    what: 'a table was altered while it was read',
    hint: 'run again when nothing alters tables',
    retry: 'later',
  },
  {
    numbers: [1205, 1213, 3024, 1969],
    code: 'source.locked',
    what: 'another session holds a lock for too long',
    hint: 'end the transaction that holds it (SHOW PROCESSLIST), or raise `lock_timeout`',
    retry: 'later',
  },
  {
    numbers: [1227, 1044, 1142, 1143, 1370, 1419, 1410],
    pattern: /insuff?icent privileges|command denied|access denied/i,
    code: 'source.denied',
    what: 'the user lacks a right',
    hint: 'grant what the message names, for a backup at least SELECT, SHOW VIEW, TRIGGER, EVENT and LOCK TABLES',
  },
  {
    numbers: [1290, 1836],
    code: 'source.denied',
    what: 'the server is set to read only',
    hint: 'restore into the primary server, or SET GLOBAL read_only = 0',
  },
  {
    numbers: [1114, 1021, 28, 3, 1030],
    pattern: /No space left|Errcode: 28|is full/i,
    code: 'target.full',
    what: 'the disk of the server is full',
    hint: 'make room on the disk of the server, then run again',
  },
];

/** The error for what a program said at its end; undefined when it said nothing that is known. */
export function explain(about: About, doing: string, stderr: string, exit: Exit): SuretyError | undefined {
  if (exit.error !== undefined) return undefined;
  const lines = meaningfulLines(stderr);
  for (const rule of RULES) {
    const line = lines.find((text) => fits(rule, text));
    if (line !== undefined) return errorOf(rule, about, doing, line);
  }
  // The client repeats the statement, which says less than the server's answer.
  const said = lines.findLast((text) => /\bERROR \d+ \(/.test(text));
  if (said === undefined) return undefined;
  return new SuretyError('source.failed', `${doing}: ${shortened(said)}`, { details: { source: about.source } });
}

function errorOf(rule: Rule, { source, options }: About, doing: string, line: string): SuretyError {
  const where = options.server ?? options.socket;
  return new SuretyError(rule.code, `${doing}: ${rule.what}: ${shortened(line)}`, {
    hint: rule.hint,
    retry: rule.retry ?? 'never',
    details: { source, ...(where === undefined ? {} : { server: where }) },
  });
}

/** `ERROR 1045 (28000): …`, `mysqldump: Got error: 1045: …`, `… (1449)`. */
function fits({ numbers, pattern }: Rule, line: string): boolean {
  const said = [...line.matchAll(/\berror:? (\d+)\b|\((\d{2,4})\)\s*$|\berror[^:]*: (\d+)\b/gi)];
  const found = said.map((match) => Number(match[1] ?? match[2] ?? match[3]));
  return found.some((number) => numbers.includes(number)) || pattern?.test(line) === true;
}

function meaningfulLines(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.filter((line) => /error|couldn't|denied|privileges|crashed|corrupt|space left/i.test(line));
}

const SHOWN_CHARACTERS = 400;

function shortened(line: string): string {
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
