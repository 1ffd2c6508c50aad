/**
 * What Surety writes into the comment of an archive: what a listing shows without reading the archive. It is what stands between the braces
 * of an object of JSON, on one line, in which all but ASCII is escaped.
 */
export interface CommentDocument {
  readonly surety: 1;
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly recoveryPoint: string;
  /** ISO 8601; borg itself keeps whole seconds. */
  readonly time: string;
  readonly user: string;
  readonly program: string;
  /** Path in the archive of the document of {@link import('./document.ts')}. */
  readonly document: string;
}

/** Without braces: of some commands borg takes them for placeholders, of others not. */
export function encodeComment(comment: CommentDocument): string {
  const json = JSON.stringify(comment).slice(1, -1);
  return json.replaceAll(/[{}\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Undefined for an archive that Surety did not write. */
export function decodeComment(text: string): CommentDocument | undefined {
  if (!text.startsWith('"surety":')) return undefined;
  try {
    const value: unknown = JSON.parse(`{${text}}`);
    return isComment(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isComment(value: unknown): value is CommentDocument {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  const texts = ['source', 'host', 'recoveryPoint', 'time', 'user', 'program', 'document'];
  const lists = ['paths', 'tags'];
  const areTexts = texts.every((key) => typeof record[key] === 'string');
  const areLists = lists.every((key) => {
    const list = record[key];
    return Array.isArray(list) && list.every((one) => typeof one === 'string');
  });
  return record.surety === 1 && areTexts && areLists && !Number.isNaN(Date.parse(String(record.time)));
}
