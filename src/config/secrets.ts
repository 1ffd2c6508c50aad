/** Fetches secrets, at the moment they are needed, from where the configuration says they are. */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { variable } from '../base/environment.ts';
import { messageOf, SuretyError, systemCode } from '../base/errors.ts';
import type { SecretSpec } from '../base/option-values.ts';
import { Secret } from '../base/secret.ts';
import { resolvePath } from './paths.ts';

export interface SecretHow {
  /** For messages: `password of repository vault`. */
  readonly name: string;
  /** The configuration's folder: commands run there. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Gets a sentence when the secret is there but not well kept. */
  readonly warn: (message: string) => void;
}

const MAX_SECRET_BYTES = 64 * 1024;
const COMMAND_TIMEOUT_MS = 60_000;
/** Readable by everybody, or changeable by anybody but the owner. */
const LOOSE_MODE = 0o026;

/**
 * The secret, without the line end at its end. Throws `config.secret-missing`, `config.secret-unreadable`,
 * `config.secret-failed` or `config.secret-empty`; no message ever has a part of the secret in it.
 */
export async function fetchSecret(spec: SecretSpec, how: SecretHow): Promise<Secret> {
  if ('plain' in spec) return spec.plain;
  const text = (await fetchText(spec, how)).replace(/\r?\n$/, '');
  if (text !== '') return new Secret(text);
  throw new SuretyError('config.secret-empty', `the ${how.name} is empty`, { hint: `it comes from ${originOf(spec)}` });
}

/** The spec with the path of its file made absolute. */
export function resolveSecretPath(spec: SecretSpec, directory: string): SecretSpec {
  return 'file' in spec ? { file: resolvePath(directory, spec.file) } : spec;
}

type ElsewhereSpec = Exclude<SecretSpec, { readonly plain: Secret }>;

/** Where the secret comes from, for people. Arguments of a command are left out: they may be secret themselves. */
function originOf(spec: ElsewhereSpec): string {
  if ('env' in spec) return `the variable ${spec.env}`;
  return 'file' in spec ? `the file ${spec.file}` : `the command ${spec.command[0]}`;
}

function fetchText(spec: ElsewhereSpec, how: SecretHow): Promise<string> {
  if ('file' in spec) return readSecretFile(resolvePath(how.directory, spec.file), how);
  if ('command' in spec) return runSecretCommand(spec.command, how);
  const value = variable(spec.env);
  if (value !== undefined) return Promise.resolve(value);
  throw new SuretyError('config.secret-missing', `the variable ${spec.env} with the ${how.name} is not set`, {
    hint: `set ${spec.env} in the environment of surety`,
  });
}

async function readSecretFile(path: string, how: SecretHow): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (size > MAX_SECRET_BYTES) throw new Error('it is too large for a secret');
    if ((mode & LOOSE_MODE) !== 0) {
      const bits = (mode & 0o777).toString(8);
      how.warn(`the file ${path} with the ${how.name} can be read or changed by others (mode ${bits}); chmod 600 it`);
    }
    return await file.readFile('utf8');
  } catch (cause) {
    const gone = systemCode(cause) === 'ENOENT';
    const problem = gone ? 'does not exist' : `can not be read: ${messageOf(cause)}`;
    const code = gone ? 'config.secret-missing' : 'config.secret-unreadable';
    throw new SuretyError(code, `the file ${path} with the ${how.name} ${problem}`, {
      hint: gone
        ? 'correct its path; or, for a new repository, make it: (umask 077 && head -c 24 /dev/urandom | base64 > FILE)'
        : 'check its rights and its path',
      cause,
    });
  }
}

async function runSecretCommand(argv: readonly string[], how: SecretHow): Promise<string> {
  const [program = '', ...args] = argv;
  const options = {
    cwd: how.directory,
    signal: how.signal,
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: MAX_SECRET_BYTES,
    encoding: 'utf8',
  } as const;
  try {
    const running = promisify(execFile)(program, args, options);
    running.child.stdin?.end();
    return (await running).stdout;
  } catch (error) {
    how.signal.throwIfAborted();
    // The native error has the arguments and the output in it, so it is not kept as the cause.
    throw new SuretyError('config.secret-failed', `the command ${program} for the ${how.name} ${endingOf(error)}`, {
      hint: 'run the command by hand to see what is wrong',
    });
  }
}

function endingOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'failed';
  const { code, killed, signal } = error as { code?: unknown; killed?: unknown; signal?: unknown };
  if (code === 'ENOENT') return 'was not found';
  if (code === 'EACCES') return 'may not be run';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much for a secret';
  if (killed === true) return `did not end within ${COMMAND_TIMEOUT_MS / 1000} s`;
  return typeof code === 'number' ? `exited with ${code}` : `was ended by ${String(signal ?? code)}`;
}
