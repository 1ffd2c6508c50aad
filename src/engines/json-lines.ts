/** The values of lines of JSON. Throws `SyntaxError`. */
export async function* parseLines<T>(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      parts.push(bytes.subarray(at, end));
      yield JSON.parse(Buffer.concat(parts.splice(0)).toString('utf8')) as T;
      at = end + 1;
    }
    if (at < bytes.length) parts.push(bytes.subarray(at));
  }
  if (parts.length > 0) yield JSON.parse(Buffer.concat(parts).toString('utf8')) as T;
}
