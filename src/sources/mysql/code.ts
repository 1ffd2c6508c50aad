/** Triggers, events, routines and views as SQL that fits another database. */
import type { Code } from './dump-parts.ts';
import { identifier } from './quote.ts';

export interface FitHow {
  /** The database it is for. */
  readonly database: string;
  /** Make this account, as `user@host`, the definer of everything; undefined: definers stay. */
  readonly owner?: string | undefined;
  /** Events are made, but do not run. */
  readonly eventsAsleep: boolean;
}

export function fitCode(code: Code, how: FitHow): Code {
  const fit = (sql: string) => withOwner(forDatabase(sql, how.database), how.owner);
  return {
    placeholders: code.placeholders,
    triggers: fit(withoutTriggerDatabase(code.triggers)),
    events: fit(how.eventsAsleep ? asleep(code.events) : code.events),
    routines: fit(code.routines),
    views: fit(code.views),
  };
}

const NAME = '`(?:[^`]|``)+`';
const BARE = '[\\w$\\u0080-\\uffff]+';
const IDENTIFIER = `(?:${NAME}|${BARE})`;

/** Where a database's collation was another when the code was made, dumps switch it for a moment, and name the database. */
function forDatabase(sql: string, database: string): string {
  const line = new RegExp(`^ALTER DATABASE ${NAME} (?=CHARACTER SET \\w+ COLLATE \\w+ ;;?\\r?$)`, 'gm');
  return sql.replaceAll(line, () => `ALTER DATABASE ${identifier(database)} `);
}

const EVENT = '(?:insert|update|delete)';
const TRIGGER_HEAD = new RegExp(
  `(/\\*!50003 trigger\\s+(?:if\\s+not\\s+exists\\s+)?)(?:${IDENTIFIER}\\s*\\.\\s*)?(${IDENTIFIER}\\s+(?:before|after)\\s+${EVENT}(?:\\s+or\\s+${EVENT})*\\s+on\\s+)(?:${IDENTIFIER}\\s*\\.\\s*)?(${IDENTIFIER})`,
  'gi',
);

/** The head of a trigger is stored as it was written, so it may name the database it was in. */
function withoutTriggerDatabase(sql: string): string {
  return sql.replaceAll(TRIGGER_HEAD, '$1$2$3');
}

const AWAKE_EVENT = new RegExp(`(EVENT ${NAME} ON SCHEDULE [^\\n]*? ON COMPLETION (?:NOT )?PRESERVE) ENABLE\\b`, 'g');

function asleep(events: string): string {
  return events.replaceAll(AWAKE_EVENT, '$1 DISABLE');
}

const DEFINER = new RegExp(
  `^((?:CREATE |/\\*!50003 CREATE\\*/ /\\*!500(?:17|20) |/\\*!50013 |/\\*!50106 CREATE\\*/ /\\*!50117 )DEFINER=)${NAME}(?:@${NAME})?`,
  'gm',
);

function withOwner(sql: string, owner: string | undefined): string {
  if (owner === undefined) return sql;
  const at = owner.lastIndexOf('@');
  const [user, host] = at < 0 ? [owner, '%'] : [owner.slice(0, at), owner.slice(at + 1)];
  const account = `${identifier(user)}@${identifier(host)}`;
  return sql.replaceAll(DEFINER, (_whole, head: string) => head + account);
}

/** A default that takes values of a sequence names the sequence's database. */
export function moveDefault(line: string, from: string, to: string): string {
  return line.replaceAll(`nextval(${identifier(from)}.`, () => `nextval(${identifier(to)}.`);
}
