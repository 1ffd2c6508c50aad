/** Remembers on disk that a service is stopped, so that it is started again whatever becomes of this process. */
import { readFileSync, rmSync } from 'node:fs';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { replaceFile } from '../../base/replace-file.ts';

export interface OutageRecord {
  /** When the service was stopped, as far as that is known; undefined: nobody left it stopped. */
  find(): { readonly since: string; readonly replicas: number | undefined } | undefined;
  /** Durable when it returns. Throws `source.failed` where nothing can be written. */
  write(since: Date, replicas: number | undefined): void;
  remove(): void;
}

/** The record in this file. */
export function outageRecord(source: string, file: string): OutageRecord {
  return {
    find() {
      try {
        const text = readFileSync(file, 'utf8');
        const replicas = /"replicas":(\d+)/.exec(text)?.[1];
        return { since: sinceOf(text), replicas: replicas === undefined ? undefined : Number(replicas) };
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined;
        throw unusable(source, file, error);
      }
    },
    write(since, replicas) {
      try {
        replaceFile(file, `${JSON.stringify({ source, since, replicas })}\n`);
      } catch (error) {
        throw unusable(source, file, error);
      }
    },
    remove() {
      rmSync(file, { force: true });
    },
  };
}

/** Whatever became of the text, that the file is there is what counts. */
function sinceOf(text: string): string {
  return /"since":"([0-9TZ:.-]+)"/.exec(text)?.[1] ?? 'a time that is not known';
}

function unusable(source: string, file: string, cause: unknown): SuretyError {
  const message = `the service of source ${source} is left alone: that it is stopped could not be remembered in ${file}`;
  return new SuretyError('source.failed', message, { hint: 'let Surety read and write that file', cause });
}
