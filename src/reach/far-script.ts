/** The lines that a shell on another host is told to run; see `far-channel.ts`. POSIX shells: dash, bash, busybox, ksh, zsh. */
import { SuretyError } from '../base/errors.ts';
import type { ExecHow, HostValue } from './reach.ts';

/**
 * Marks stand in the streams as `␞nonce words\n`. On stdout `begin` and `end`; on stderr `start GROUP`, then perhaps `missing`, `denied`,
 * `folder`, `unset NAME` or `unreadable FILE`, and `exit CODE` at the end.
 */
export function markPrefix(nonce: string): Buffer {
  return Buffer.from(`\u001e${nonce} `, 'latin1');
}

/** The line that runs `argv`. Fails with `reach.failed` for what no program can be given. */
export function runLine(nonce: string, argv: readonly string[], { env = {}, cwd, stdin }: ExecHow): Buffer {
  checkArguments(argv, env, cwd);
  const mark = (words: string, ...values: string[]): string =>
    `printf '\\036%s ${words}\\n' ${[nonce, ...values].join(' ')}`;
  const variables = Object.entries(env).map(([name, value]) =>
    typeof value === 'string' ? `${name}=${quoted(value)}` : valueThere(name, value, mark),
  );
  const program = [
    // From here on a signal ends what is to run, so only now it has begun.
    'trap - TERM',
    `${mark('start %s', '"$_surety_group"')} >&2`,
    ...(variables.length === 0 ? [] : [...variables, `export ${Object.keys(env).join(' ')}`]),
    ...(cwd === undefined ? [] : [`cd -- ${quoted(cwd)} 2>/dev/null || { ${mark('folder')} >&2; exit 126; }`]),
    LOOK.replaceAll('MISSING', mark('missing')).replaceAll('DENIED', mark('denied')),
    `exec "$@"${stdin === undefined ? ' </dev/null' : ''}`,
  ];
  return line(
    // The group is ended as a whole; this shell stays until its program has ended, to say how.
    'trap : TERM',
    GROUP,
    mark('begin'),
    `set -- ${argv.map(quoted).join(' ')}`,
    `( ${program.join('; ')} )`,
    '_surety=$?',
    // Nobody may read any more.
    `trap '' PIPE`,
    `${mark('end')} 2>/dev/null`,
    `${mark('exit %s', '"$_surety"')} >&2`,
  );
}

/** The line that asks a process group to end, and kills it once stdin has ended. */
export function endLine(group: number): Buffer {
  return line(
    `kill -TERM -${group} 2>/dev/null`,
    'while read -r _surety; do :; done',
    `kill -KILL -${group} 2>/dev/null`,
  );
}

/**
 * The line that asks a process group to end whose connection is lost, where it is still that one: what it is told must not reach another that has
 * its number by now. It is not killed: what it is finishing, such as to remove what it has made, it may finish.
 */
export function endLostLine(group: number): Buffer {
  return line(`if grep -q _surety /proc/${group}/cmdline 2>/dev/null; then kill -TERM -${group} 2>/dev/null; fi`);
}

/** Where there is neither /proc nor ps, the shell leads its group: it is what the connection started. */
const GROUP = [
  '_surety_group=',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for the shell
  'if [ -r /proc/$$/stat ]; then IFS= read -r _surety_group </proc/$$/stat; set -- ${_surety_group##*") "}; _surety_group=$3',
  'else set -- $(ps -o pgid= -p $$ 2>/dev/null); _surety_group=$1; fi',
  'if [ "0$_surety_group" -le 1 ]; then _surety_group=$$; fi',
].join('; ');

/** Takes a value that is there, or says that there is none. */
function valueThere(name: string, from: HostValue, mark: (words: string, ...values: string[]) => string): string {
  if ('file' in from) {
    return `${name}=$(cat -- ${quoted(from.file)} 2>/dev/null) || { ${mark('unreadable %s', quoted(from.file))} >&2; exit 126; }`;
  }
  const { variable } = from;
  return `if [ -z "\${${variable}+x}" ]; then ${mark('unset %s', variable)} >&2; exit 126; fi; ${name}=$${variable}`;
}

/** Whether there is such a program, before the shell says so in words of its own. */
const LOOK = [
  'case $1 in',
  '*/*) if [ ! -e "$1" ]; then MISSING >&2; exit 127; fi; if [ ! -x "$1" ] || [ -d "$1" ]; then DENIED >&2; exit 126; fi;;',
  '*) if ! command -v "$1" >/dev/null 2>&1; then MISSING >&2; exit 127; fi;;',
  'esac',
].join(' ');

function line(...commands: readonly string[]): Buffer {
  return Buffer.from(`${NEWLINE}; ${commands.join('; ')}\n`, 'utf8');
}

/** A line can not contain one. */
const NEWLINE = `_surety=$(printf '\\nx'); _surety=\${_surety%x}`;

/** A word as a shell takes it, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replaceAll('\n', `'"$_surety"'`)}'`;
}

function checkArguments(argv: readonly string[], env: NonNullable<ExecHow['env']>, cwd = ''): void {
  if (argv[0] === undefined || argv[0] === '') throw new SuretyError('reach.failed', 'no program to run was given');
  const values = Object.values(env);
  const words = values.map((value) => (typeof value === 'string' ? value : Object.values(value).join('')));
  if ([...argv, ...words, cwd].some((word) => word.includes('\0'))) {
    throw new SuretyError('reach.failed', `an argument of ${argv[0]} contains a NUL character`);
  }
  const taken = values.flatMap((value) => (typeof value !== 'string' && 'variable' in value ? [value.variable] : []));
  const odd = [...Object.keys(env), ...taken].find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (odd !== undefined) throw new SuretyError('reach.failed', `${odd} can not be the name of a variable`);
}
