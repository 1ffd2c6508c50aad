import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import {
  INSTALL_SSH,
  isSshRefusal,
  LOOK_AT_NETWORK,
  type SshFailure,
  sshAdvice,
  sshFailureOf,
} from '../../base/ssh-failure.ts';
import { type SshOptions, shownSsh } from './options.ts';
import { keyComplaintOf } from './telling.ts';

/** A host, for messages. */
export interface SshHost {
  readonly name: string;
  readonly options: SshOptions;
}

/** How an `ssh` process ended. */
export interface SshEnding {
  readonly code: number | null;
  /** It could not be started at all. */
  readonly startError?: unknown;
  /** What it wrote to stderr. */
  readonly words: string;
  /** What came on stdout instead of what was asked for. */
  readonly noise?: string;
}

/** The port's error for a connection that could not be made, or behind which nothing could be started. */
export function connectFailure(host: SshHost, ending: SshEnding): SuretyError {
  if (ending.startError !== undefined) return notStarted(host, ending.startError);
  if (/exec: ssh: not found/.test(ending.words)) return missing(host);
  const failure = sshFailureOf(ending.words);
  const ownCode = ending.code === null || ending.code === SSH_FAILED;
  if (failure.kind === 'other' && !ownCode) return runsNothing(host, ending);
  return explained(host, failure, ending.words);
}

/** The port's error for a connection that broke while a program ran there. */
export function lostConnection(host: SshHost, words: string): SuretyError {
  const { kind, line } = sshFailureOf(words);
  const said = kind === 'unreachable' ? ` (${line})` : '';
  return new SuretyError(
    'reach.unreachable',
    `the connection to ${shown(host)} broke in the middle of a program${said}`,
    {
      retry: 'later',
      hint: 'what the program did until then is not known; look at the network, and whether the host was restarted',
    },
  );
}

/** The port's error for a host that takes too long. */
export function lateConnection(host: SshHost): SuretyError {
  return unreachable(host, 'no answer came while connecting');
}

/** The port's error for a login that was good, and behind which nothing begins: what was asked for was given up, the connection is still there. */
export function silentAccount(host: SshHost, noise: string): SuretyError {
  const quote = noise === '' ? '' : `; it says "${noise}"`;
  return new SuretyError(
    'reach.unreachable',
    `nothing begins to run on ${shown(host)}, though it let the login in${quote}`,
    {
      retry: 'later',
      hint: 'what does the shell of the account wait for when it starts: its files such as .profile, a forced command, a disk?',
    },
  );
}

/** What ssh exits with for reasons of its own. */
const SSH_FAILED = 255;

function shown({ name, options }: SshHost): string {
  return `host ${name} (${shownSsh(options)})`;
}

function unreachable(host: SshHost, problem: string): SuretyError {
  return new SuretyError('reach.unreachable', `${shown(host)} can not be reached: ${problem}`, {
    retry: 'later',
    hint: LOOK_AT_NETWORK,
  });
}

function notStarted(host: SshHost, error: unknown): SuretyError {
  if (systemCode(error) === 'ENOENT') return missing(host);
  return new SuretyError('reach.failed', `ssh: ${messageOf(error)}`, { cause: error });
}

function missing(host: SshHost): SuretyError {
  return new SuretyError('reach.not-found', `the program ssh, which is needed for ${shown(host)}, was not found`, {
    hint: INSTALL_SSH,
  });
}

/** The login was good, and then something else than a shell answered: a forced command, `nologin`. */
function runsNothing(host: SshHost, { code, words, noise = '' }: SshEnding): SuretyError {
  const said = (noise || words).replace(/\s+/g, ' ').trim().slice(0, 200);
  const quote = said === '' ? '' : `, it says "${said}"`;
  return new SuretyError(
    'reach.denied',
    `the account on ${shown(host)} runs no commands: it ended with ${code}${quote}`,
    {
      hint: 'the account needs a shell (sh, bash, fish, csh) and no forced command that replaces what is asked for',
    },
  );
}

function explained(host: SshHost, failure: SshFailure, words: string): SuretyError {
  const { kind, line } = failure;
  const advice = sshAdvice(failure);
  if (advice !== undefined) {
    const code = isSshRefusal(failure) ? 'reach.denied' : 'reach.failed';
    return new SuretyError(code, `${advice.problem}: ${shown(host)}`, { hint: advice.hint, details: { ssh: line } });
  }
  switch (kind) {
    case 'host-key-changed':
      return changedKey(host, words);
    case 'host-key-unknown':
      return unknownKey(host, words);
    case 'unknown-name':
      return new SuretyError('reach.unreachable', `${shown(host)} can not be found (${line})`, {
        retry: 'later',
        hint: 'look at the name of the host, and at the name service',
      });
    default:
      return unreachable(host, line === '' ? 'ssh ended without a word' : line);
  }
}

function changedKey(host: SshHost, words: string): SuretyError {
  const { file, line, fingerprint } = keyComplaintOf(words);
  const place = file === undefined ? 'the known hosts' : `${file}${line === undefined ? '' : ` line ${line}`}`;
  const now = fingerprint === undefined ? '' : `; now it shows ${fingerprint}`;
  return new SuretyError(
    'reach.changed-host-key',
    `THE HOST KEY HAS CHANGED, this may be an attack: ${shown(host)} has another key than ${place} says${now}`,
    {
      hint: `nothing was sent. Find out why first: if the host was set up anew, compare the fingerprint on the host itself (${ON_HOST}), and only then replace the key in ${place}`,
      details: { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) },
    },
  );
}

function unknownKey({ name, options }: SshHost, words: string): SuretyError {
  const complaint = keyComplaintOf(words);
  const key = complaint.fingerprint === undefined ? '' : ` (it shows ${complaint.fingerprint})`;
  const known = options.knownHosts === undefined ? '' : ` -o UserKnownHostsFile=${options.knownHosts}`;
  const other = [
    ...(options.configFile === undefined ? [] : [`-F ${options.configFile}`]),
    ...(options.port === undefined ? [] : [`-p ${options.port}`]),
  ];
  const call = `ssh${known} ${[...other, options.user === undefined ? options.host : `${options.user}@${options.host}`].join(' ')}`;
  const through = options.jump === undefined ? '' : ', or the one of the host it is reached through,';
  return new SuretyError(
    'reach.unknown-host-key',
    `the host key of ${shown({ name, options })}${through} is not known${key}`,
    {
      hint: `compare this fingerprint with what the host itself shows (${ON_HOST}; ssh-keyscan is no proof), then accept it once, as the user who runs Surety: ${call}`,
      details: complaint.host === undefined ? {} : { host: complaint.host },
    },
  );
}

const ON_HOST = 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';
