/** What borg means by its last words, in the words of the port. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import { LOOK_AT_NETWORK, sshFailureOf } from '../../base/ssh-failure.ts';
import type { Exit } from '../../reach/reach.ts';
import { messageOfCode } from './exit-codes.ts';
import type { BorgMessage } from './messages.ts';
import { damaged, type OpenOptions } from './repository.ts';

type Where = Pick<OpenOptions, 'place' | 'program' | 'lockWaitMs'>;
type Explain = (where: Where, said: string) => SuretyError;

const failed = (message: string, hint?: string, retry: 'never' | 'later' = 'never') =>
  new SuretyError('repository.failed', message, { hint, retry });

/** By `msgid`: the names of borg's exceptions (`borg help`, "Internals, frontends, message IDs"). */
const MEANINGS: Readonly<Record<string, Explain>> = {
  'Repository.DoesNotExist': missing,
  'Repository.InvalidRepository': notBorg,
  'Repository.InvalidRepositoryConfig': (where, said) => damaged('config', `${where.place.shown}: ${said}`),
  'Repository.AlreadyExists': exists,
  'Repository.PathAlreadyExists': exists,
  'Repository.ParentPathDoesNotExist': ({ place }) =>
    failed(`the folder that ${place.shown} is to be in does not exist`, 'make it first'),
  'Repository.AtticRepository': ({ place }) =>
    new SuretyError('repository.version', `${place.shown} is a repository of attic`, { hint: 'run borg upgrade' }),
  'Repository.InsufficientFreeSpaceError': ({ place }, said) =>
    full(place.shown, said, 'make room there, or run surety cleanup'),
  'Repository.StorageQuotaExceeded': ({ place }, said) =>
    full(place.shown, said, 'raise the quota, or run surety cleanup'),
  'Repository.CheckNeeded': ({ place }) => damaged(place.shown, 'borg asks for a check'),
  'Repository.PathPermissionDenied': ({ place }, said) =>
    new SuretyError('store.denied', `${place.shown}: ${said}`, { hint: 'check the rights of its files' }),
  'Repository.ObjectNotFound': ({ place }, said) => damaged(place.shown, said),
  IntegrityError: ({ place }, said) => damaged(place.shown, said),
  FileIntegrityError: ({ place }, said) => damaged(place.shown, said),
  DecompressionError: ({ place }, said) => damaged(place.shown, said),
  ArchiveTAMInvalid: forged,
  ArchiveTAMRequiredError: forged,
  TAMInvalid: forged,
  TAMRequiredError: forged,
  'Archive.DoesNotExist': (_, said) =>
    new SuretyError('snapshot.unknown', said, { hint: 'surety list shows those that are there' }),
  'Archive.AlreadyExists': (_, said) => failed(said, 'run the backup again', 'later'),
  LockTimeout: locked,
  LockErrorT: locked,
  LockFailed: ({ place }, said) =>
    failed(`${place.shown} can not be locked: ${said}`, 'check the rights of its folder'),
  LockError: locked,
  PassphraseWrong: wrongPassword,
  NoPassphraseFailure: wrongPassword,
  PasscommandFailure: wrongPassword,
  PasswordRetriesExceeded: wrongPassword,
  KeyfileNotFoundError: noKey,
  KeyfileInvalidError: noKey,
  KeyfileMismatchError: noKey,
  RepoKeyNotFoundError: noKey,
  'Cache.RepositoryAccessAborted': moved,
  'Cache.CacheInitAbortedError': ({ place }) =>
    failed(
      `${place.shown} is not encrypted, and borg does not know it on this machine`,
      'write allow_unknown_unencrypted: true if it is meant',
    ),
  'Cache.EncryptionMethodMismatch': ({ place }) =>
    failed(
      `${place.shown} is encrypted in another way than the last time`,
      'somebody may have put another repository in its place',
    ),
  'Cache.RepositoryReplay': replayed,
  'Cache.RepositoryIDNotUnique': replayed,
  ConnectionClosed: unreachable,
  ConnectionClosedWithHint: unreachable,
  ConnectionBrokenWithHint: unreachable,
  PathNotAllowed: ({ place }, said) =>
    new SuretyError('store.denied', `${place.shown}: ${said}`, {
      hint: 'borg serve --restrict-to-path on that host names other folders',
    }),
  'RemoteRepository.RPCServerOutdated': ({ place }, said) =>
    new SuretyError('repository.version', `borg on the host of ${place.shown} is too old: ${said}`),
  MandatoryFeatureUnsupported: ({ place }, said) => new SuretyError('repository.version', `${place.shown}: ${said}`),
  UnsupportedPayloadError: ({ place }, said) => new SuretyError('repository.version', `${place.shown}: ${said}`),
  UnsupportedManifestError: ({ place }, said) => new SuretyError('repository.version', `${place.shown}: ${said}`),
  UnknownKeyType: ({ place }, said) => new SuretyError('repository.version', `${place.shown}: ${said}`),
  TAMUnsupportedSuiteError: ({ place }, said) => new SuretyError('repository.version', `${place.shown}: ${said}`),
  NoManifestError: ({ place }) => damaged(place.shown, 'it has no manifest'),
};

/** The error for a borg that did not end well. `messages` are the errors it told, the first first. */
export function borgFailure(where: Where, doing: string, exit: Exit, messages: readonly BorgMessage[]): unknown {
  if (hasCode(exit.error, 'reach.not-found') || exit.code === 127) return noProgram(where, messages, exit.error);
  if (exit.error !== undefined) return exit.error;
  const known = messages.find(({ msgid }) => msgid !== undefined && Object.hasOwn(MEANINGS, msgid));
  if (known !== undefined) return MEANINGS[known.msgid!]!({ ...where }, said(known, messages));
  const texts = messages.map(({ message = '' }) => message);
  const meaning = MEANINGS[messageOfCode(exit.code) ?? ''];
  if (meaning !== undefined) return meaning({ ...where }, lastLine(texts));
  const all = texts.join('\n');
  if (/Errno 28\b|No space left on device/.test(all)) {
    return full(where.place.shown, 'no space left on device', 'make room there, or in the folder of caches of borg');
  }
  if (/Errno 13\b|Permission denied/.test(all)) {
    return new SuretyError('store.denied', `${doing}: ${lastLine(texts)}`, { hint: 'check the rights of its files' });
  }
  const ending = exit.code === null ? `was ended by ${exit.signal ?? 'a signal'}` : `ended with exit code ${exit.code}`;
  const line = lastLine(texts);
  return failed(`${doing}: borg ${ending}${line === '' ? '' : `: ${line}`}`);
}

/** Of a connection the words of `ssh` tell more. */
function said(known: BorgMessage, messages: readonly BorgMessage[]): string {
  if (known.msgid?.startsWith('Connection') !== true) return (known.message ?? '').replace(/\.$/, '');
  return messages.map(({ message = '' }) => message.replace(/^Remote: /, '')).join('\n');
}

function missing({ place }: Where): SuretyError {
  return new SuretyError('repository.missing', `there is no repository in ${place.shown}`, {
    hint: 'run surety init to make one',
  });
}

function notBorg({ place }: Where): SuretyError {
  return new SuretyError('repository.missing', `${place.shown} is no repository of borg`, {
    hint: 'check its path; surety init makes one in an empty folder',
  });
}

function exists({ place }: Where): SuretyError {
  return new SuretyError('repository.exists', `there is something in ${place.shown} already`, {
    hint: 'a repository of borg that is there is used as it is, without surety init',
  });
}

function full(shown: string, what: string, hint: string): SuretyError {
  return new SuretyError('store.full', `${shown} is full: ${what}`, { hint });
}

function locked({ place, lockWaitMs }: Where): SuretyError {
  const waited = lockWaitMs >= 1000 ? `, also after ${Math.round(lockWaitMs / 1000)} s` : '';
  return new SuretyError('repository.locked', `another borg works on ${place.shown}${waited}`, {
    retry: 'later',
    hint: 'wait for it to end; surety unlock --all removes the lock of one that does not run any more',
  });
}

function wrongPassword({ place }: Where): SuretyError {
  return new SuretyError('repository.wrong-password', `the password does not open ${place.shown}`, {
    hint: 'check where the configuration takes it from',
  });
}

function noKey({ place }: Where, said: string): SuretyError {
  return new SuretyError('repository.wrong-password', `the key of ${place.shown} can not be used: ${said}`, {
    hint: 'keys of keyfile repositories are files in ~/.config/borg/keys; borg key import brings back an exported one',
  });
}

function moved({ place }: Where): SuretyError {
  return failed(
    `borg knows the repository in ${place.shown} from another place, and does not use it here without being told to`,
    'if it was moved, write allow_moved: true; if not, somebody may have put it there',
  );
}

function forged({ place }: Where, said: string): SuretyError {
  return damaged(place.shown, `${said}; somebody without the key may have changed it`);
}

function replayed({ place }: Where): SuretyError {
  return failed(
    `${place.shown} is older than what this machine has seen of it`,
    'was it set back, or copied? two copies of one repository must not both be written; see "borg config" and "security"',
  );
}

function unreachable({ place }: Where, text: string): SuretyError {
  const { kind, line } = sshFailureOf(text);
  const because = line === '' ? '' : `: ${line}`;
  if (/borg: (command )?not found|not found: borg|No such file or directory.*borg/i.test(text)) {
    return failed(`there is no borg on the host of ${place.shown}`, 'install borgbackup there, or write remote_path');
  }
  if (kind === 'refused-login' || kind === 'bad-key-file') {
    return new SuretyError('store.denied', `${place.shown} does not let us in${because}`, {
      hint: 'the account needs a key of this user in its authorized_keys',
    });
  }
  if (kind === 'host-key-changed' || kind === 'host-key-unknown') {
    return new SuretyError('store.denied', `the host key of ${place.shown} is not the known one${because}`, {
      hint: 'compare it with the host, and put it into known_hosts',
    });
  }
  const isNoConnection = /^connect to host|resolve hostname/i.test(line);
  const what = isNoConnection ? `${place.shown} can not be reached` : `the connection to ${place.shown} broke off`;
  return new SuretyError('store.unavailable', `${what}${because}`, { retry: 'later', hint: LOOK_AT_NETWORK });
}

function noProgram({ program, place }: Where, messages: readonly BorgMessage[], cause: unknown): SuretyError {
  const isShell = messages.some(({ message = '' }) => /\bssh\b.*not found/.test(message));
  const message = `the program ${isShell ? 'ssh' : program}, which is needed for ${place.shown}, was not found`;
  const hint = isShell ? 'install openssh-client' : 'install borgbackup, or write where borg is with program';
  return new SuretyError('repository.failed', message, { hint, cause });
}

function lastLine(texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim());
  // A traceback ends with what borg tells of the machine; the exception stands before that.
  const exception = lines.findLast((line) => /^[\w.]*(?:Error|Exception)\b/.test(line));
  return exception ?? lines.filter((line) => line !== '').at(-1) ?? '';
}
