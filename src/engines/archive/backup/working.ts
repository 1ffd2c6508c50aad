import type { Reading } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import type { Repository } from '../repository.ts';

/** What one backup works with. */
export interface Working {
  readonly repository: Repository;
  readonly reading: Reading;
  readonly how: BackupHow;
  /** When this backup itself began: the run may have begun with others. */
  readonly startedAt: Date;
  readonly startedMs: number;
}

export function toJson(document: object): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}
