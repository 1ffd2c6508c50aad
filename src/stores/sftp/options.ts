import { posix, resolve } from 'node:path';
import * as z from 'zod';
import { homeFolder } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { parsedBy, sizeValue, waitValue } from '../../base/option-values.ts';
import { sshAccount, sshFile, sshHost, sshJump, sshPort } from '../../base/ssh-values.ts';

/** Where an SFTP store is and how it is reached. What is not said here comes from the configuration of ssh. */
export interface SftpStoreOptions {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Absolute, or relative to the home folder of the account; without `/` at its end. */
  readonly path: string;
  readonly identityFile?: string | undefined;
  /** The only file whose host keys count. */
  readonly knownHosts?: string | undefined;
  readonly sshConfig?: string | undefined;
  /** A host to go through: `user@host:port`. */
  readonly jump?: string | undefined;
  /** Connections at once. */
  readonly connections?: number | undefined;
  readonly partSizeBytes?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** A connection on which no answer comes for so long is given up. */
  readonly idleTimeoutMs?: number | undefined;
}

const MIB = 2 ** 20;

/** What may stand below `sftp:` in the object form. */
export const sftpSchema = z
  .strictObject({
    host: sshHost.describe('a name or address, or a Host of the configuration of ssh'),
    user: sshAccount.describe('the account; default: as ssh would').optional(),
    port: sshPort.describe('default: as ssh would, mostly 22').optional(),
    path: z
      .string()
      .transform(parsedBy(checkedPath))
      .describe('the folder; relative to the home folder unless it begins with /'),
    identity_file: sshFile.describe('a private key; default: those of ssh and its agent').optional(),
    known_hosts: sshFile.describe("a file with the host's key; default: those of ssh").optional(),
    ssh_config: sshFile.describe('a configuration of ssh instead of ~/.ssh/config').optional(),
    jump: sshJump.describe('a host to go through: user@host:port').optional(),
    connections: z.int().min(1).max(32).describe('connections at once; default 4').optional(),
    part_size: sizeValue
      .refine((sizeBytes) => sizeBytes >= MIB && sizeBytes <= 256 * MIB, { error: 'must be from 1 MiB to 256 MiB' })
      .describe('streams are kept in parts of this size until they are stored; default 8MiB')
      .optional(),
    connect_timeout: waitValue.describe('default 15s').optional(),
    idle_timeout: waitValue.describe('a connection on which no answer comes is given up; default 2m').optional(),
  })
  .transform(
    (raw): SftpStoreOptions => ({
      host: raw.host,
      user: raw.user,
      port: raw.port,
      path: raw.path,
      identityFile: raw.identity_file,
      knownHosts: raw.known_hosts,
      sshConfig: raw.ssh_config,
      jump: raw.jump,
      connections: raw.connections,
      partSizeBytes: raw.part_size,
      connectTimeoutMs: raw.connect_timeout,
      idleTimeoutMs: raw.idle_timeout,
    }),
  );

/** `sftp://user@host:port/absolute/path`, or `sftp://host/~/path` below the home folder. Fails with `store.invalid-url`. */
export function sftpOptionsFromUrl(url: string): SftpStoreOptions {
  const match = /^sftp:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/]*)(?::([^/]*))?(\/.*)?$/i.exec(url);
  if (match === null) throw invalid(shownUrl(url), 'it is not of the form sftp://user@host/path', urlHint(url));
  const [, user, host = '', port, path = ''] = match;
  if (user?.includes(':') === true) {
    throw invalid(
      shownUrl(url),
      'a password does not belong into a URL',
      'let the account in by key: passwords are not used at all',
    );
  }
  if (path === '' || path === '/~' || path === '/~/') {
    throw invalid(
      url,
      'it names no folder',
      'write sftp://user@host/absolute/path, or sftp://user@host/~/path below the home folder',
    );
  }
  const raw = {
    host: host.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : { user: decoded(user) }),
    ...(port === undefined ? {} : { port: Number(port) }),
    path: path.startsWith('/~/') ? decoded(path).slice(3) : decoded(path),
  };
  const parsed = sftpSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    url,
    `its ${String(issue?.path[0] ?? 'form')} ${issue?.message ?? 'is not valid'}`,
    'write sftp://user@host:port/path',
  );
}

/** The options with relative paths of this machine made absolute; `~` is the home folder. */
export function sftpOptionsIn(options: SftpStoreOptions, directory: string): SftpStoreOptions {
  const file = (path: string | undefined): string | undefined =>
    path && resolve(directory, path.replace(/^~(?=\/)/, homeFolder()));
  return {
    ...options,
    identityFile: file(options.identityFile),
    knownHosts: file(options.knownHosts),
    sshConfig: file(options.sshConfig),
  };
}

/** For people: `sftp://user@host:port/path`. */
export function shownSftp({ host, user, port, path }: SftpStoreOptions): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const account = user === undefined ? '' : `${user}@`;
  const at = port === undefined ? '' : `:${port}`;
  return `sftp://${account}${name}${at}${path.startsWith('/') ? path : `/~/${path}`}`;
}

function checkedPath(path: string): string {
  if (/[\0\n]/.test(path)) throw invalid('…', 'the path has a control character', 'leave it out');
  const plain = posix
    .normalize(path.replace(/^~\//, ''))
    .replace(/(?<=.)\/$/, '')
    .replace(/^\/\//, '/');
  if (path === '' || plain === '.' || plain === '..' || plain.startsWith('../')) {
    throw invalid(
      path,
      'it names no folder below the home folder',
      'write an absolute path, or one below the home folder',
    );
  }
  return plain;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function urlHint(url: string): string {
  const scp = /^sftp:([^/@]+@)?([^:/]+):(.+)$/i.exec(url);
  if (scp === null) return 'what has options is written { sftp: { host, user, port, path, identity_file } }';
  const [, account = '', host = '', path = ''] = scp;
  return `write sftp://${account}${host}${path.startsWith('/') ? path : `/~/${path}`}`;
}

/** A URL without what may be a password. */
function shownUrl(url: string): string {
  return url.replace(/:\/\/([^:@/]*):[^@/]*@/, '://$1:…@');
}

function invalid(text: string, problem: string, hint: string): SuretyError {
  return new SuretyError('store.invalid-url', `"${text}" can not be used: ${problem}`, { hint });
}
