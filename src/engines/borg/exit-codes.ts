/**
 * What borg ends with. 1.2 has 0, 1 after warnings, and 2; 1.4, asked by `BORG_EXIT_CODES=modern`, has a code for each of its messages
 * (`borg help`, "Internals, frontends, message IDs").
 */

const FIRST_WARNING = 100;
const LAST_WARNING = 127;
/** Of a shell: there is no such program. */
const NOT_FOUND = 127;

/** It came to its end, and warned of something. */
export function isWarned(code: number): boolean {
  return code === 1 || (code >= FIRST_WARNING && code <= LAST_WARNING && code !== NOT_FOUND);
}

const MESSAGES: Readonly<Record<number, string>> = {
  10: 'Repository.AlreadyExists',
  11: 'Repository.AtticRepository',
  12: 'Repository.CheckNeeded',
  13: 'Repository.DoesNotExist',
  14: 'Repository.InsufficientFreeSpaceError',
  15: 'Repository.InvalidRepository',
  16: 'Repository.InvalidRepositoryConfig',
  17: 'Repository.ObjectNotFound',
  18: 'Repository.ParentPathDoesNotExist',
  19: 'Repository.PathAlreadyExists',
  20: 'Repository.StorageQuotaExceeded',
  21: 'Repository.PathPermissionDenied',
  25: 'MandatoryFeatureUnsupported',
  26: 'NoManifestError',
  27: 'UnsupportedManifestError',
  30: 'Archive.AlreadyExists',
  31: 'Archive.DoesNotExist',
  40: 'KeyfileInvalidError',
  41: 'KeyfileMismatchError',
  42: 'KeyfileNotFoundError',
  44: 'RepoKeyNotFoundError',
  47: 'UnknownKeyType',
  48: 'UnsupportedPayloadError',
  50: 'NoPassphraseFailure',
  51: 'PasscommandFailure',
  52: 'PassphraseWrong',
  53: 'PasswordRetriesExceeded',
  60: 'Cache.CacheInitAbortedError',
  61: 'Cache.EncryptionMethodMismatch',
  62: 'Cache.RepositoryAccessAborted',
  63: 'Cache.RepositoryIDNotUnique',
  64: 'Cache.RepositoryReplay',
  70: 'LockError',
  71: 'LockErrorT',
  72: 'LockFailed',
  73: 'LockTimeout',
  80: 'ConnectionClosed',
  81: 'ConnectionClosedWithHint',
  83: 'PathNotAllowed',
  84: 'RemoteRepository.RPCServerOutdated',
  87: 'ConnectionBrokenWithHint',
  90: 'IntegrityError',
  91: 'FileIntegrityError',
  92: 'DecompressionError',
  95: 'ArchiveTAMInvalid',
  96: 'ArchiveTAMRequiredError',
  97: 'TAMInvalid',
  98: 'TAMRequiredError',
  99: 'TAMUnsupportedSuiteError',
};

/** Which message it ended with; undefined where the code says nothing of that. */
export function messageOfCode(code: number | null): string | undefined {
  return code === null ? undefined : MESSAGES[code];
}
