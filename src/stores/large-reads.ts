/**
 * A connection that reads into one buffer of its own, which stays. Node makes 64 KiB anew for each read, and its HTTP parser copies each
 * piece of a body once more: for a body of many megabytes that, and collecting it, costs more than receiving.
 */
import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** Fits into a processor's cache; larger ones are no faster. */
const READ_BYTES = 256 * 1024;

export interface LargeReads {
  /** For the options of `net.connect` and `tls.connect`. */
  readonly onread: OnReadOpts;
  /** What is read belongs to this stream. To be called before anything can have been read. */
  attach(stream: Duplex): void;
}

export function largeReads(): LargeReads {
  let stream: Duplex | undefined;
  return {
    onread: {
      buffer: new Uint8Array(READ_BYTES),
      callback: (sizeBytes, buffer) => stream === undefined || pass(stream, buffer.subarray(0, sizeBytes)),
    },
    attach(connected) {
      stream = connected;
    },
  };
}

/**
 * Does what the stream does by itself with what it read: hands it to who listens, else keeps it, in bytes that stay. Returns whether more is
 * wanted. Node's HTTP parser copies what it keeps of a body before it returns. What follows an answer that switches protocols it does not, so
 * such connections are made elsewhere.
 */
function pass(stream: Duplex, bytes: Uint8Array): boolean {
  const isListened = stream.readableFlowing === true && stream.readableLength === 0 && stream.listenerCount('data') > 0;
  if (!isListened) return stream.push(Buffer.from(bytes));
  stream.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return true;
}
