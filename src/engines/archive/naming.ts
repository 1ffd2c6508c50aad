/** What the files of a backup are called. The id of a snapshot is their name without extensions. */
import { SuretyError } from '../../base/errors.ts';
import type { Compression } from './options.ts';

export type BackupType = 'database' | 'files';

const DATABASE_KINDS = ['postgres', 'mysql', 'sqlite', 'command', 'dump-files'];

export function typeOfKind(kind: string): BackupType {
  return DATABASE_KINDS.includes(kind) ? 'database' : 'files';
}

export const SIDECAR_ENDING = '_metadata.json';
/** Begins the name of the list of files, which is kept beside the sidecar where it is long. */
export const LIST_ENDING = '_files.jsonl.gz';

export interface NameFacts {
  readonly type: BackupType;
  readonly source: string;
  /** Name of the one dump, or of the source. */
  readonly database: string;
  readonly time: Date;
  /** Without a dot in front: `sql.gz`. */
  readonly ext: string;
}

/** The folder and the name without extension for templates; `ordinal` tells apart those of the same second. */
export function expandName(
  templates: { readonly name: string; readonly folder: string },
  facts: NameFacts,
  ordinal: number,
): { readonly folder: string; readonly id: string } {
  const name = templates.name.replace(/\.\{ext\}$/, '');
  const id = expand(name, facts) + (ordinal === 1 ? '' : `-${ordinal}`);
  // A source may be called like a folder that is used for something else.
  const folder = expand(templates.folder, facts).replace(/^(?=(logs|tmp)(\/|$)|\.)/, '_');
  if (id.length > 180) throw new SuretyError('repository.failed', `the name of a backup is too long: ${id}`);
  return { folder, id };
}

function expand(template: string, { type, source, database, time, ext }: NameFacts): string {
  const values: Readonly<Record<string, string>> = {
    type,
    source: safe(source),
    database: safe(database),
    time: stampOf(time),
    iso: time.toISOString().slice(0, 19).replaceAll(':', '-'),
    ext,
  };
  return template.replace(/\{([a-z]+)\}/g, (whole, token: string) => values[token] ?? whole);
}

/** `20241122_020000`. */
function stampOf(time: Date): string {
  return time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
}

/** Stores take no other characters in names. */
function safe(text: string): string {
  const kept = text.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
  return /^\.*$/.test(kept) ? '_' : kept;
}

const COMPRESSION_ENDINGS: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };

/** `sql.gz`, `tar.zst.age`. */
export function extensionOf(content: string, compression: Compression, isEncrypted: boolean): string {
  return `${content}${COMPRESSION_ENDINGS[compression]}${isEncrypted ? '.age' : ''}`;
}

/** The extension of a dump by its own name: `sql`, `dump`, `db`. */
export function contentExtension(path: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(path)?.[1] ?? 'dump';
}

export interface Encoding {
  readonly compression: Compression;
  readonly encrypted: boolean;
  /** The name without what compression and encryption added. */
  readonly plainName: string;
}

/** What the name of a file says about how it is stored. */
export function encodingOf(name: string): Encoding {
  const encrypted = name.endsWith('.age');
  const inner = encrypted ? name.slice(0, -'.age'.length) : name;
  const short = /\.tgz$/.test(inner) ? `${inner.slice(0, -3)}tar.gz` : inner;
  if (short.endsWith('.gz')) return { compression: 'gzip', encrypted, plainName: short.slice(0, -3) };
  if (short.endsWith('.zst')) return { compression: 'zstd', encrypted, plainName: short.slice(0, -4) };
  return { compression: 'none', encrypted, plainName: short };
}

/** The last part of a key. */
export function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
