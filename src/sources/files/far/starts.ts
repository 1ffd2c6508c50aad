import { SuretyError } from '../../../base/errors.ts';
import { isBelow, type Root, type RootNode, type Roots } from '../roots.ts';

/** A place at which a listing begins, or that leads to one. */
export interface Start {
  readonly entryPath: string;
  /** What programs there are given; never begins with a dash. */
  readonly path: string;
  readonly root: Root | undefined;
  /** Whether what is below it is listed from here: links to it are followed. */
  readonly isListed: boolean;
}

/** Roots, and directories above them, each once, outer before inner. */
export function startsOf(roots: Roots): Start[] {
  const starts: Start[] = [];
  const visit = (node: RootNode, entryPath: string): void => {
    // Relative and absolute roots can be side by side; of what is above both either will do.
    const below = roots.all.find((root) => root.entryPath === entryPath || isBelow(root.entryPath, entryPath));
    const isInside = roots.all.some((root) => isBelow(entryPath, root.entryPath));
    const path = farPath(below?.base === '/', entryPath);
    if (node.root !== undefined || entryPath !== '')
      starts.push({ entryPath, path, root: node.root, isListed: node.root !== undefined || isInside });
    for (const [name, child] of node.children) visit(child, entryPath === '' ? name : `${entryPath}/${name}`);
  };
  visit(roots.tree, '');
  return starts;
}

/** Relative paths are relative to the folder in which commands begin there. */
function farPath(isAbsolute: boolean, entryPath: string): string {
  if (isAbsolute) return `/${entryPath}`;
  return entryPath === '' ? '.' : `./${entryPath}`;
}

/** As the programs there name it. */
export function pathThere(roots: Roots, entryPath: string): string | undefined {
  const path = roots.locate(entryPath);
  if (path === undefined || path.includes('\0')) return undefined;
  return path.startsWith(`${UNKNOWN_FOLDER}/`) ? `.${path.slice(UNKNOWN_FOLDER.length)}` : path;
}

/** Stands for the folder in which commands begin there, as long as that is not known. */
export const UNKNOWN_FOLDER = '/~';

/** Paths as they are on another host, where this machine's home and folders mean nothing. Throws `source.failed`. */
export function farPaths(source: string, kind: string, paths: readonly string[]): string[] {
  return paths.map((path) => {
    if (path === '~' || path.startsWith('~/')) {
      // Commands over SSH begin in the home folder.
      if (kind === 'ssh') return path === '~' ? '.' : path.slice(2).replace(/^\/+/, '') || '.';
      throw unclear(source, path, 'a home folder is not known there');
    }
    const normal = path.startsWith('/') ? [] : path.split('/');
    if (normal.includes('..'))
      throw unclear(source, path, 'it may lead out of the folder in which commands begin there');
    return path;
  });
}

function unclear(source: string, path: string, why: string): SuretyError {
  return new SuretyError('source.failed', `path "${path}" of source ${source} is not clear on another host: ${why}`, {
    hint: 'write it as an absolute path',
  });
}
