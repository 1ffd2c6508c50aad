import { constants } from 'node:zlib';

/**
 * Logarithm of the number of entries of both tables at level 3; zstd's own choice for large blobs is twice as many. These fit the
 * second-level cache of a core together with what is compressed: 6 to 13 per cent less time for 0.02 to 0.25 per cent more bytes
 * (see docs/benchmarks.md).
 */
const TABLE_LOG = 16;

/** Parameters of zstd and their values for a level; 0 is zstd's own choice. */
export function zstdParameters(level: number): readonly (readonly [parameter: number, value: number])[] {
  const tableLog = level === 3 ? TABLE_LOG : 0;
  return [
    [constants.ZSTD_c_compressionLevel, level],
    [constants.ZSTD_c_hashLog, tableLog],
    [constants.ZSTD_c_chainLog, tableLog],
  ];
}
