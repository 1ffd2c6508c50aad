import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise, prose } from '../../test/fixtures/content.ts';
import { makeNastyTree, writeSparse } from '../../test/fixtures/tree.ts';

/** A small platform as people run one: a database that is written to, and files of every sort. */
export interface SamplePlatform {
  readonly folder: string;
  readonly database: string;
  readonly media: string;
}

const MIB = 1024 * 1024;

/** Makes the files, and `surety.yaml` beside them; the database is made by its writer. */
export function makePlatform(folder: string): SamplePlatform {
  const media = join(folder, 'data', 'media');
  mkdirSync(media, { recursive: true });
  for (let album = 0; album < 30; album++) {
    const place = join(media, `album ${album}`);
    mkdirSync(place);
    for (let item = 0; item < 40; item++) {
      const content = item % 3 === 0 ? noise(album * 100 + item, 40_000) : prose(album * 100 + item, 6_000);
      writeFileSync(join(place, `item-${item}`), content);
    }
  }
  writeFileSync(join(media, 'film.raw'), noise(9001, 48 * MIB));
  writeFileSync(join(media, 'copy of film.raw'), noise(9001, 48 * MIB));
  writeSparse(join(media, 'disk.img'), 256 * MIB, [
    [0, noise(9002, MIB)],
    [200 * MIB, prose(9003, 2 * MIB)],
  ]);
  makeNastyTree(join(media, 'oddities'));
  writeFileSync(join(folder, 'surety.yaml'), CONFIGURATION);
  return { folder, database: join(folder, 'data', 'app.db'), media };
}

const CONFIGURATION = `# One database, one file tree, one repository: encrypted, deduplicated, in restic's format.
sources:
  app:   { type: sqlite, path: data/app.db }
  media: { type: files, paths: [data/media] }
repositories:
  vault: { type: restic, store: file:vault, password: { file: password } }
jobs:
  nightly:
    sources: [app, media]
    to: [vault]
    keep: { last: 7, weekly: 4 }
`;
