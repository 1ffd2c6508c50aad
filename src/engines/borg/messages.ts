/** What `borg --log-json` writes, one JSON object to a line (`borg help`, "Internals, frontends"). */
export interface BorgMessage {
  readonly type: string;
  readonly message?: string;
  readonly levelname?: string;
  readonly name?: string;
  readonly msgid?: string;
  readonly status?: string;
  readonly path?: string;
  readonly original_size?: number;
  readonly nfiles?: number;
  readonly current?: number;
  readonly total?: number;
  readonly finished?: boolean;
}

/** The message of a line. What is no JSON, such as a word of `ssh` or of Python, is an error message. */
export function parseMessage(line: string): BorgMessage {
  if (line.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'type' in value) return value as BorgMessage;
    } catch {
      // Cut, or somebody else's.
    }
  }
  return { type: 'log_message', levelname: 'PLAIN', message: line };
}

/** Lines of a stream of bytes, the last one also without its end. Empty ones are left out. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      parts.push(bytes.subarray(at, end));
      const line = (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString('utf8');
      parts = [];
      at = end + 1;
      if (line !== '') yield line;
    }
    // The reader of the stream may use the same memory again.
    if (at < bytes.length) parts.push(Buffer.from(bytes.subarray(at)));
  }
  const last = Buffer.concat(parts).toString('utf8');
  if (last !== '') yield last;
}
