/** What becomes of each option of restic that is not about where the repository is. */

/** About the repository, and read there. */
const ACCESS = ['repo', 'repository-file', 'password-file', 'password-command', 'compression', 'pack-size'];

/** Of no meaning for later: what is printed, how a cache is kept, how long to wait. */
const PASSING = [
  ...[
    'verbose',
    'quiet',
    'json',
    'help',
    'cache-dir',
    'cleanup-cache',
    'no-cache',
    'no-scan',
    'retry-lock',
    'read-concurrency',
    'no-extra-verify',
  ],
  ...[
    'prune',
    'compact',
    'max-unused',
    'max-repack-size',
    'keep-tag',
    'group-by',
    'unsafe-allow-remove-all',
    'host',
    'no-lock',
    'with-cache',
  ],
];

/** Carried over by the translation of backups and of retention. */
const CARRIED = ['exclude', 'exclude-caches', 'exclude-larger-than', 'one-file-system'];

interface Omission {
  readonly reason: string;
  readonly remedy: string;
}

const BY_HAND = 'write it by hand';

const OMITTED: Readonly<Record<string, Omission>> = {
  'exclude-file': {
    reason: 'patterns stand in the configuration itself',
    remedy: 'copy the lines of the file to `exclude` of the source',
  },
  'iexclude-file': {
    reason: 'patterns stand in the configuration, and heed case',
    remedy: 'copy the lines of the file to `exclude`, such as *.[tT][mM][pP]',
  },
  iexclude: { reason: 'patterns heed upper and lower case', remedy: 'write both to `exclude`, such as *.[tT][mM][pP]' },
  'exclude-if-present': {
    reason: 'folders are left out by name, pattern or CACHEDIR.TAG only',
    remedy: 'add the folders to `exclude`, or put a CACHEDIR.TAG into them',
  },
  'files-from': {
    reason: 'paths stand in the configuration itself',
    remedy: 'copy the lines of the file to `paths` of the source',
  },
  'files-from-verbatim': {
    reason: 'paths stand in the configuration itself',
    remedy: 'copy the lines of the file to `paths` of the source',
  },
  'files-from-raw': {
    reason: 'paths stand in the configuration itself',
    remedy: 'copy the names in the file to `paths` of the source',
  },
  tag: {
    reason: 'snapshots carry the names of their source and job in place of tags',
    remedy: 'use --source and --job; snapshots with tags stay as they are',
  },
  stdin: {
    reason: 'what another program prints is a source of its own',
    remedy: 'write a source of type postgres, mysql or command for it',
  },
  'stdin-from-command': {
    reason: 'what another program prints is a source of its own',
    remedy: 'write a source of type postgres, mysql or command for it',
  },
  'stdin-filename': {
    reason: 'what another program prints is a source of its own',
    remedy: 'write a source of type postgres, mysql or command for it',
  },
  force: {
    reason: 'reading everything again is decided with each call',
    remedy: 'run `surety backup --read-all` when you want that',
  },
  'dry-run': { reason: 'a job always backs up', remedy: 'nothing' },
  'ignore-ctime': {
    reason: 'a file is the same only if its change time is',
    remedy: 'nothing: more files are read, and nothing is stored twice',
  },
  'ignore-inode': {
    reason: 'a file is the same only if its inode is',
    remedy: 'nothing: more files are read, and nothing is stored twice',
  },
  'with-atime': { reason: 'times of the last access are not stored', remedy: 'nothing' },
  'skip-if-unchanged': {
    reason: 'each run makes a snapshot, so that its age tells when the backup last worked',
    remedy: 'nothing: a snapshot without changes costs almost no space',
  },
  'use-fs-snapshot': {
    reason: 'file system snapshots are for hooks',
    remedy: 'make and remove the snapshot in `hooks` of the source',
  },
  'limit-upload': {
    reason: 'this version does not limit its rate',
    remedy: 'start it with trickle, or limit the rate of the network',
  },
  'limit-download': {
    reason: 'this version does not limit its rate',
    remedy: 'start it with trickle, or limit the rate of the network',
  },
  'insecure-tls': {
    reason: 'certificates are always checked',
    remedy: 'name the private authority in NODE_EXTRA_CA_CERTS',
  },
  'insecure-no-password': { reason: 'a repository always has a password', remedy: 'give it one with `restic key add`' },
  option: {
    reason: "it is an option of one of restic's stores",
    remedy: 'see the options of the store in the configuration reference',
  },
};

/** Why an option is not carried over; undefined for those that are, or that mean nothing for later. */
export function omissionOf(name: string): Omission | undefined {
  if ([...ACCESS, ...PASSING, ...CARRIED].includes(name) || name.startsWith('keep-')) return undefined;
  return OMITTED[name] ?? { reason: 'Surety knows no such option of restic', remedy: BY_HAND };
}
