/** Bundles the sources with the packages that most commands need. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { type KnownFile, knownFile } from '../../bin/bundled.ts';

export interface Bundle {
  /** By name; all are in one folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Name of the one to start. */
  readonly entry: string;
  /** What they were made from, as it was before it was read: what changes meanwhile differs from that. */
  readonly inputs: readonly KnownFile[];
}

/** What decides on a bundle besides the sources in it. The first one changes with each package that is installed. */
const CIRCUMSTANCES = [
  'node_modules/.package-lock.json',
  'package.json',
  'tsconfig.json',
  'bin/bundled.ts',
  'scripts/bundle/*.ts',
];

/** Loaded from where they are installed: rarely needed, large, or bound to native code. */
const APART = ['koffi', '@azure/*', '@kubernetes/client-node', 'google-auth-library', 'nodemailer', 'ws'];

/** How a source file names a file beside it: a worker that it starts, or something that it reads. */
const NEIGHBOUR = /new URL\('([^']+)', import\.meta\.url\)/g;
/** From here packages are found, also those that are apart. */
const REQUIRE = /createRequire\(import\.meta\.url\)/g;

/** Folders between the root and the files of a bundle. */
const DEPTH = '../..';

/** Throws what is wrong with the sources in `root`. */
export async function makeBundle(root: string): Promise<Bundle> {
  const inputs = new Map<string, KnownFile>();
  const note = (path: string) => {
    const inRoot = relative(root, path).replaceAll(sep, '/');
    inputs.set(inRoot, knownFile(root, inRoot));
  };
  for (const path of globSync(CIRCUMSTANCES, { cwd: root, exclude: ['**/*.test.ts'] })) note(join(root, path));
  const built = await build({
    entryPoints: [{ in: join(root, 'src/cli/main.ts'), out: 'main' }, ...workersIn(root)],
    ...{ bundle: true, splitting: true, write: false, logLevel: 'silent' },
    ...{ format: 'esm', platform: 'node', target: 'node24', absWorkingDir: root, outdir: 'out' },
    // Of packages that have both, the modules: what is not used of them is left out.
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    external: APART,
    plugins: [sources(root, note)],
  });
  const files = built.outputFiles.map(
    ({ path, text }) => [relative(join(root, 'out'), path), withRequire(text)] as const,
  );
  return { files: new Map(files), entry: 'main.mjs', inputs: [...inputs.values()] };
}

/** Packages that are no modules ask for Node's own parts by `require`, which the one file through which they do so has to have. */
function withRequire(text: string): string {
  if (!text.includes('typeof require')) return text;
  return `import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);\n${text}`;
}

/** Workers are started by their names, so that they are no part of what starts them. */
function workersIn(root: string) {
  const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] });
  const workers = sources.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(NEIGHBOUR)]
      .map(([, name = '']) => join(root, dirname(path), name))
      .filter(isWorker),
  );
  return [...new Set(workers)].map((path) => ({ in: path, out: workerName(root, path) }));
}

function isWorker(path: string): boolean {
  return path.endsWith('.ts');
}

/** `src/engines/restic/backup/worker.ts` is `engines-restic-backup-worker`. */
function workerName(root: string, path: string): string {
  return relative(join(root, 'src'), path).slice(0, -'.ts'.length).replaceAll(sep, '-');
}

/** Reads sources. Files beside one are somewhere else as seen from the bundle. */
function sources(root: string, note: (path: string) => void): Plugin {
  return {
    name: 'sources',
    setup(building) {
      building.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        if (path.split(sep).includes('node_modules')) return undefined;
        if (!path.startsWith(join(root, 'src', sep)))
          throw new Error(`${path} is not in ${join(root, 'src')}, but linked to it`);
        note(path);
        const contents = readFileSync(path, 'utf8').replace(NEIGHBOUR, (_, name: string) => {
          const neighbour = join(dirname(path), name);
          const place = isWorker(neighbour) ? `./${workerName(root, neighbour)}.mjs` : fromBundle(root, neighbour);
          return `new URL('${place}', import.meta.url)`;
        });
        const rest = contents.replace(NEIGHBOUR, '').replace(REQUIRE, '');
        // Also in a comment: what is left out there is not looked for.
        if (rest.includes('import.meta')) throw new Error(`${path} says import.meta in a way that no bundle can keep`);
        return { contents, loader: 'ts' };
      });
    },
  };
}

function fromBundle(root: string, path: string): string {
  const inRoot = relative(root, path).replaceAll(sep, '/');
  return `${DEPTH}/${inRoot}${path.endsWith(sep) && inRoot !== '' ? '/' : ''}`;
}
