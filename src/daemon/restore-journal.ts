/** Restores that did not come to their end, a file each. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { SuretyError, systemCode } from '../base/errors.ts';
import { replaceFile, syncFolder } from '../base/replace-file.ts';
import type { RestoreJournal, UnfinishedRestore } from '../operations/restore/restore-journal.ts';

const member = z.object({
  source: z.string(),
  kind: z.string(),
  repository: z.string(),
  snapshot: z.string(),
  recorded: z.string(),
  place: z.string(),
  state: z.enum(['waiting', 'begun', 'done', 'failed']),
});

const server = z.object({
  as: z.string().optional(),
  inPlace: z.boolean(),
  dropOld: z.boolean(),
  owner: z.string().optional(),
  tables: z.array(z.string()).optional(),
  schemas: z.array(z.string()).optional(),
});

const schema = z.object({
  id: z.string().regex(/^[0-9A-Za-z-]+$/),
  recoveryPoint: z.string(),
  startedAt: z.coerce.date(),
  request: z.object({
    target: z.string().optional(),
    conflict: z.enum(['refuse', 'skip', 'changed', 'overwrite', 'newer']),
    select: z.array(z.string()).optional(),
    server: server.optional(),
  }),
  members: z.array(member).min(1),
});

/** A journal in `folder`, which is made when something is to be kept. Throws `restore.journal` for what can not be read or written. */
export function openRestoreJournal(folder: string): RestoreJournal {
  const fileOf = (id: string) => join(folder, `${id}.json`);
  return {
    list: () => namesIn(folder).map((name) => read(join(folder, name))),
    save(restore) {
      try {
        replaceFile(fileOf(restore.id), `${JSON.stringify(restore, undefined, 2)}\n`);
      } catch (error) {
        throw failed(folder, 'written', error);
      }
    },
    remove(id) {
      rmSync(fileOf(id), { force: true });
      syncFolder(folder);
    },
  };
}

/** Ids begin with a time: the newest comes first. */
function namesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.sort().reverse();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw failed(folder, 'read', error);
  }
}

function read(file: string): UnfinishedRestore {
  try {
    const { request, ...rest } = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ...rest, request: { ...request, target: request.target, select: request.select } };
  } catch (error) {
    throw failed(file, 'read', error);
  }
}

function failed(path: string, what: string, cause: unknown): SuretyError {
  return new SuretyError('restore.journal', `the record of unfinished restores ${path} can not be ${what}`, {
    hint: 'correct what stands in the way, or remove that file: then such a restore can only be begun anew',
    cause,
  });
}
