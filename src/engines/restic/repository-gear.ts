/** The table by which a repository's chunks are cut. */
import { gearTable } from './chunker.ts';
import type { ConfigDocument } from './format/config.ts';
import type { Repository } from './repository.ts';

type Secrets = Pick<Repository, 'masterKey' | 'config'>;

/** Its own, drawn from its key and id, or the one that it was given to be like another repository. */
export function repositoryGear({ masterKey, config: { id, gear } }: Secrets): Int32Array {
  if (gear === undefined) return gearTable(Buffer.concat([masterKey.encrypt, Buffer.from(id, 'hex')]));
  return new Int32Array(new Uint8Array(Buffer.from(gear, 'base64')).buffer);
}

/** What the config of another repository has to say to cut chunks alike. */
export function chunkerOf(repository: Secrets): Required<Pick<ConfigDocument, 'polynomial' | 'gear'>> {
  const gear = repositoryGear(repository);
  return { polynomial: repository.config.polynomial, gear: Buffer.from(gear.buffer).toString('base64') };
}
