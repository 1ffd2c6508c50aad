/** Linux's device numbers: the low bits of both parts come first, for the sake of old programs. */
export interface DeviceParts {
  readonly major: number;
  readonly minor: number;
}

export function splitDevice(number: bigint): DeviceParts {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xffff_f000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}

export function joinDevice({ major, minor }: DeviceParts): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffn) << 8n) | ((high & 0xffff_f000n) << 32n) | (low & 0xffn) | ((low & 0xffff_ff00n) << 12n);
}
