import { formatBytes } from '../../base/bytes.ts';
import { type ErrorFacts, messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import {
  INSTALL_SSH,
  isSshRefusal,
  LOOK_AT_NETWORK,
  type SshFailure,
  sshAdvice,
  sshFailureOf,
} from '../../base/ssh-failure.ts';
import { hasStatus, StatusError } from './wire.ts';

/** How an `ssh` process ended. */
export interface Ending {
  readonly code: number | null;
  /** It could not be started at all. */
  readonly startError?: unknown;
  /** Why it was ended from here, if it was. */
  readonly reason: 'closed' | 'silent' | 'late' | 'garbled' | undefined;
  readonly stderr: string;
  /** What came instead of the greeting. */
  readonly noise: string;
  /** Whether the server had greeted. */
  readonly greeted: boolean;
}

/** The port's error for a connection that could not be made or that ended. */
export function connectionFailure(ending: Ending, location: string): SuretyError {
  if (ending.startError !== undefined) return notStarted(ending.startError, location);
  const unavailable = (problem: string, hint?: string): SuretyError =>
    new SuretyError('store.unavailable', `${location} can not be reached: ${problem}`, { retry: 'later', hint });
  if (ending.reason === 'closed') return unavailable('the connection was closed');
  const failure = sshFailureOf(ending.stderr);
  if (!ending.greeted && isText(ending.noise)) return noisy(ending.noise, location);
  if (ending.reason === 'silent') return unavailable('no answer came any more');
  if (ending.reason === 'late' && failure.line === '') return unavailable('no answer came while connecting');
  if (ending.reason === 'garbled') return unavailable('what came is no SFTP');
  return explained(failure, ending, location, unavailable);
}

function notStarted(error: unknown, location: string): SuretyError {
  const missing = systemCode(error) === 'ENOENT';
  return new SuretyError(
    'store.failed',
    missing ? `the program ssh, which is needed for ${location}, was not found` : `ssh: ${messageOf(error)}`,
    { cause: error, hint: missing ? INSTALL_SSH : undefined },
  );
}

/** A shell that prints something before the server speaks, as `echo` in `.bashrc` does. */
function noisy(noise: string, location: string): SuretyError {
  const shown = noise
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 80);
  return new SuretyError('store.failed', `the login shell of ${location} printed text instead of SFTP: "${shown}"`, {
    hint: 'no file that the shell reads at login (.bashrc and the like) may print anything when there is no terminal; an account whose shell is nologin can use "Subsystem sftp internal-sftp"',
  });
}

/** A packet begins with its length, which is small. */
function isText(noise: string): boolean {
  return noise !== '' && noise.charCodeAt(0) !== 0;
}

/** What `ssh-keyscan` is to be given for the host that ssh names: a jump host can be the unknown one. */
function scanned(line: string): string {
  const [, bracketed, port, plain] = /is known for (?:\[([^\]\s]+)\]:(\d+)|(\S+)) and/.exec(line) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || host.startsWith('-')) return '-p PORT HOST';
  return port === undefined ? host : `-p ${port} ${host}`;
}

function explained(
  failure: SshFailure,
  ending: Ending,
  location: string,
  unavailable: (problem: string, hint?: string) => SuretyError,
): SuretyError {
  const { kind, line } = failure;
  const say = (code: string, problem: string, hint: string): SuretyError =>
    new SuretyError(`store.${code}`, `${problem}: ${location}`, { hint, details: { ssh: line } });
  const advice = sshAdvice(failure);
  if (advice !== undefined) return say(isSshRefusal(failure) ? 'credentials' : 'failed', advice.problem, advice.hint);
  switch (kind) {
    case 'host-key-changed':
      return say(
        'untrusted',
        'the host key is another one than in known_hosts, or was revoked',
        'find out why before anything else: somebody may be in between. If the host was set up anew, remove the old key (ssh-keygen -R HOST) and add the new one after comparing its fingerprint',
      );
    case 'host-key-unknown':
      return say(
        'untrusted',
        'the host key is not in known_hosts',
        `compare its fingerprint with the one the host shows (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add it: ssh-keyscan ${scanned(line)} >> ~/.ssh/known_hosts (or the file that known_hosts names)`,
      );
    case 'unknown-name':
      return new SuretyError('store.unavailable', `the host of ${location} is unknown (${line})`, {
        hint: 'look at the name of the host, and at the name service',
      });
    case 'no-subsystem':
      return say('failed', 'the host offers no SFTP', 'put "Subsystem sftp internal-sftp" into its sshd_config');
    case 'name-service':
    case 'unreachable':
      return unavailable(line, ending.greeted ? undefined : LOOK_AT_NETWORK);
    default:
      if (ending.greeted) return unavailable(line === '' ? 'the connection was lost' : line);
      return unavailable(line === '' ? `ssh ended with ${ending.code ?? 'a signal'} before SFTP began` : line);
  }
}

/** What a server that refuses or fails has left, where it says. */
export interface Room {
  readonly freeBytes: number;
  readonly freeFiles: number;
  readonly readOnly: boolean;
}

/** Servers fail a write as soon as not all of it fits. */
const FULL_BELOW_BYTES = 1 << 20;

/** The port's error for a server's answer. `action` says what was tried: `write index/ab…`; `room` is asked only where it may tell. */
export async function sftpFailure(
  error: unknown,
  action: string,
  location: string,
  room: () => Promise<Room | undefined>,
): Promise<unknown> {
  if (!(error instanceof StatusError)) return error;
  const say = (code: string, problem: string, facts: ErrorFacts = {}): SuretyError =>
    new SuretyError(`store.${code}`, `can not ${action} in ${location}: ${problem}`, { cause: error, ...facts });
  if (hasStatus(error, 'noSuchFile')) return say('not-found', 'no such file or folder');
  if (hasStatus(error, 'noConnection', 'connectionLost')) return say('unavailable', error.message, { retry: 'later' });
  if (hasStatus(error, 'badMessage')) return say('failed', `the server does not accept the request (${error.message})`);
  if (hasStatus(error, 'unsupported')) return say('failed', 'the server does not know how');
  const left = await room().catch(() => undefined);
  if (left?.readOnly === true) {
    return say('read-only', 'the file system is read-only', { hint: 'mount it writable, or choose another folder' });
  }
  if (hasStatus(error, 'permissionDenied')) {
    return say('denied', 'permission denied', { hint: 'give the account on the server access to this folder' });
  }
  if (left !== undefined && (left.freeBytes < FULL_BELOW_BYTES || left.freeFiles === 0)) {
    const inodes = left.freeFiles === 0 ? ' and no inode is free' : '';
    return say('full', 'the disk is full', {
      hint: `make room there, or run surety cleanup: ${formatBytes(left.freeBytes)} are free${inodes}`,
    });
  }
  return say('failed', `the server only says "${error.message}"`, {
    hint: "a quota may be used up, or the disk may be failing: look at the server's log",
  });
}
