/** Mirrors a tree again and again as somebody who may not read all of it, and says what came of it. Its argument: a folder to work in. */
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mirrorTree } from '../../fixtures/mirrored-tree.ts';

const [, , top = ''] = process.argv;
const said: Record<string, unknown> = {};
for (const by of ['rsync', 'reading'] as const) {
  const [media, folder] = [join(top, by, 'media'), join(top, `${by}-copy`)];
  for (const name of ['closed', 'fixed', 'sub']) mkdirSync(join(media, name), { recursive: true });
  for (const name of ['closed/in', 'fixed/in', 'sub/changed', 'sub/same', 'sub/gone'])
    writeFileSync(join(media, name), 'old');
  linkSync(join(media, 'sub/changed'), join(media, 'sub/other-name'));
  chmodSync(join(media, 'fixed'), 0o555);
  let hours = 0;
  const run = async () => {
    hours += 1;
    const how = { startedAt: new Date(Date.UTC(2026, 2, 2, hours)) };
    const { warnings, snapshot } = await mirrorTree(folder, media, { by, how, options: { sample: 100 } });
    const copy = join(folder, 'media', 'latest', 'media');
    const files = readdirSync(copy, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    const contents = files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(copy.length + 1), readFileSync(path, 'utf8')];
    });
    return {
      id: snapshot.id,
      warnings: warnings.map(({ code, path }) => `${code} ${path}`).sort(),
      contents: contents.sort(),
    };
  };
  const first = await run();
  writeFileSync(join(media, 'sub/changed'), 'newer');
  chmodSync(join(media, 'sub/changed'), 0);
  chmodSync(join(media, 'closed'), 0);
  chmodSync(join(media, 'sub'), 0o755);
  const closed = await run();
  const again = await run();
  chmodSync(join(media, 'sub/changed'), 0o600);
  chmodSync(join(media, 'closed'), 0o755);
  said[by] = { first, closed, again, open: await run() };
}
process.stdout.write(JSON.stringify(said));
