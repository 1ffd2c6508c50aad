/** Checks the files that are not packs: config, keys and locks. Indexes and snapshots are checked when they are loaded. */
import { hasCode, messageOf } from '../../../base/errors.ts';
import type { How } from '../../engine.ts';
import { CONFIG_KEY, decodeConfig } from '../format/config.ts';
import { decodeKey } from '../format/key.ts';
import { isStale, readLocks } from '../lock-files.ts';
import { keyOf, type Repository } from '../repository.ts';
import type { Finding, Findings } from './findings.ts';

export async function checkFiles(repository: Repository, findings: Findings, how: How): Promise<void> {
  await checkConfig(repository, findings, how);
  await checkKeys(repository, findings, how);
  await noteLocks(repository, findings, how);
}

async function checkConfig(repository: Repository, findings: Findings, how: How): Promise<void> {
  try {
    const plain = repository.sealer.open(await repository.store.read(CONFIG_KEY, undefined, how));
    if (plain === undefined) findings.add(configDamaged('it is not authentic'));
    else decodeConfig(plain);
  } catch (error) {
    if (!hasCode(error, 'repository.damaged', 'repository.version', 'store.not-found')) throw error;
    findings.add(configDamaged(messageOf(error)));
  }
}

function configDamaged(why: string): Finding {
  return { code: 'config.damaged', key: CONFIG_KEY, message: `${CONFIG_KEY} is damaged: ${why}` };
}

/** Only the key in use can be opened, but each must be what it was when it was stored. */
async function checkKeys(repository: Repository, findings: Findings, how: How): Promise<void> {
  for (const { id } of await repository.files('keys', how)) {
    const key = keyOf('keys', id);
    try {
      decodeKey(await repository.readFile('keys', id, how), key);
    } catch (error) {
      if (hasCode(error, 'store.not-found')) continue;
      if (!hasCode(error, 'repository.damaged')) throw error;
      findings.add({ code: 'key.damaged', key, message: error.message });
    }
  }
}

async function noteLocks(repository: Repository, findings: Findings, how: How): Promise<void> {
  const now = repository.clock.now();
  for (const lock of await readLocks(repository, how)) {
    const { id, document } = lock;
    const key = keyOf('locks', id);
    if (document === undefined) findings.add({ code: 'lock.damaged', key, message: `${key} can not be read` });
    else if (isStale(lock, now, repository.identity.host)) {
      findings.notes.push(`${key} is stale: process ${document.pid} on ${document.host} left it`);
    }
  }
}
