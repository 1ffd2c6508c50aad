import nodePath from 'node:path';
import { homeFolder } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { sortNames } from '../../base/names.ts';

/** One configured path of a files source. */
export interface Root {
  /** As a person knows it: absolute, or relative to the configuration file. */
  readonly shown: string;
  /** Its place in a snapshot: names joined by '/', '' for the top. */
  readonly entryPath: string;
  /** Where entry paths of this root begin on this host: '/' or the folder of the configuration file. */
  readonly base: string;
}

/** A name in the tree that the roots make: a root, a directory above roots, or both. */
export interface RootNode {
  readonly root: Root | undefined;
  /** Names below that lead to further roots, in byte order. */
  readonly names: readonly string[];
  readonly children: ReadonlyMap<string, RootNode>;
}

export interface Roots {
  /** Each once, in the configured order. */
  readonly all: readonly Root[];
  readonly tree: RootNode;
  /** The place of an entry on this host. Undefined when roots of both bases exist and the entry belongs to neither. */
  locate(entryPath: string): string | undefined;
  /** Whether an entry is a root or a directory above one (there the host's own links are followed), or neither. */
  standing(entryPath: string): 'root' | 'above' | 'other';
}

/** Throws `source.failed` when two paths would have the same place in a snapshot without being the same. */
export function parseRoots(name: string, paths: readonly string[], baseDir: string): Roots {
  const all = new Map<string, Root>();
  for (const path of paths) {
    const root = parseRoot(path, nodePath.resolve(baseDir));
    const twin = all.get(root.entryPath);
    if (twin === undefined) all.set(root.entryPath, root);
    else if (twin.base !== root.base) throw ambiguous(name, twin, root);
  }
  const roots = [...all.values()];
  checkNesting(name, roots);
  const tree = plant(roots);
  const standing = standings(tree, '', new Map());
  const bases = new Set(roots.map((root) => root.base));
  const [base = '/'] = bases;
  return {
    all: roots,
    tree,
    locate: bases.size > 1 ? (entryPath) => locate(roots, entryPath) : (entryPath) => join(base, entryPath),
    standing: (entryPath) => standing.get(entryPath) ?? 'other',
  };
}

function parseRoot(path: string, baseDir: string): Root {
  const home = path === '~' || path.startsWith('~/') ? homeFolder() + path.slice(1) : path;
  const normal = nodePath.normalize(home).replace(/(?<=.)\/+$/, '');
  // A path that leaves the configuration's folder can not be stored relative to it.
  const outside = normal === '..' || normal.startsWith('../');
  const whole = outside ? nodePath.resolve(baseDir, normal) : normal;
  if (nodePath.isAbsolute(whole)) return { shown: whole, entryPath: whole.slice(1), base: '/' };
  return { shown: whole, entryPath: whole === '.' ? '' : whole, base: baseDir };
}

/** Whether `inner` is below `outer`; entry paths. */
export function isBelow(inner: string, outer: string): boolean {
  return outer === '' ? inner !== '' : inner.startsWith(`${outer}/`);
}

/** The path of an entry path on this host. */
export function join(base: string, entryPath: string): string {
  if (entryPath === '') return base;
  return base === '/' ? `/${entryPath}` : `${base}/${entryPath}`;
}

function checkNesting(name: string, roots: readonly Root[]): void {
  for (const outer of roots)
    for (const inner of roots)
      if (inner.base !== outer.base && isBelow(inner.entryPath, outer.entryPath)) throw ambiguous(name, outer, inner);
}

function ambiguous(name: string, left: Root, right: Root): SuretyError {
  return new SuretyError(
    'source.failed',
    `paths "${left.shown}" and "${right.shown}" of source ${name} would be stored in the same place`,
    { hint: 'put one of them into a source of its own, or write both as absolute paths' },
  );
}

interface Sapling {
  root: Root | undefined;
  children: Map<string, Sapling>;
}

function plant(roots: readonly Root[]): RootNode {
  const top: Sapling = { root: undefined, children: new Map() };
  for (const root of roots) {
    let node = top;
    for (const name of root.entryPath === '' ? [] : root.entryPath.split('/')) {
      let next = node.children.get(name);
      if (next === undefined) {
        next = { root: undefined, children: new Map() };
        node.children.set(name, next);
      }
      node = next;
    }
    node.root = root;
  }
  return grown(top);
}

function grown(node: Sapling): RootNode {
  const children = new Map([...node.children].map(([name, child]) => [name, grown(child)]));
  return { root: node.root, names: sortNames([...children.keys()]), children };
}

function standings(node: RootNode, entryPath: string, found: Map<string, 'root' | 'above'>): typeof found {
  found.set(entryPath, node.root === undefined ? 'above' : 'root');
  for (const [name, child] of node.children) standings(child, entryPath === '' ? name : `${entryPath}/${name}`, found);
  return found;
}

function locate(roots: readonly Root[], entryPath: string): string | undefined {
  const owner = roots.find((root) => root.entryPath === entryPath || isBelow(entryPath, root.entryPath));
  if (owner !== undefined) return join(owner.base, entryPath);
  const above = roots.filter((root) => isBelow(root.entryPath, entryPath)).map((root) => root.base);
  if (above.length === 0) return undefined;
  return join(above.includes('/') ? '/' : above[0]!, entryPath);
}
