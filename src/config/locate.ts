/** Finds the place in the text that a path of keys means. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';

export type Path = readonly (string | number)[];

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface Locator {
  /** The place of a value, or of its key. What is not there is at the nearest thing around it that is. */
  locate(path: Path, at: 'key' | 'value'): Place;
  at(offset: number): Place;
}

export function createLocator(document: Document, lines: LineCounter): Locator {
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return { at, locate: (path, what) => at(offsetOf(document, path, what)) };
}

/** Follows the path as far as it goes. */
function offsetOf(document: Document, path: Path, what: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let key: Node | undefined;
  for (const [depth, step] of path.entries()) {
    const next = child(resolved(document, node), step);
    if (next === undefined) return start(key) ?? start(node) ?? 0;
    node = next.value;
    key = next.key;
    if (depth === path.length - 1 && what === 'key' && key !== undefined) return start(key) ?? 0;
  }
  // A block's own position is inside it: its key says better what is meant. An empty value has no text at all.
  const shows = isScalar(node) && node.value !== null;
  return (shows || key === undefined ? start(node) : start(key)) ?? start(key) ?? 0;
}

function child(node: unknown, step: string | number): { key?: Node; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)];
    return value === undefined ? undefined : { value };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.findLast(
    (item): item is Pair<Node, unknown> => isPair(item) && keyName(item.key) === String(step),
  );
  return pair === undefined ? undefined : { key: pair.key, value: pair.value };
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function start(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  return typeof node.range[0] === 'number' ? node.range[0] : undefined;
}
