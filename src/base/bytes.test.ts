import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, parseBytes } from './bytes.ts';
import { hasCode } from './errors.ts';

test('sizes are read with binary, decimal and short units', () => {
  const sizes = {
    '0': 0,
    '4096': 4096,
    '512KiB': 524_288,
    '10 MiB': 10_485_760,
    '1.5GiB': 1_610_612_736,
    '500MB': 5e8,
  };
  for (const [text, sizeBytes] of Object.entries(sizes)) assert.equal(parseBytes(text), sizeBytes);
  assert.deepEqual(['2k', '2K', '2kb', '2KB', '2kib', '7B'].map(parseBytes), [2048, 2048, 2000, 2000, 2048, 7]);
});

test('what is not a size is refused with a hint', () => {
  for (const text of ['', 'MiB', '-1', '1e3', '1 XB', '1..5M', '10MiBs', '9999999 TiB', '1,5GiB']) {
    assert.throws(
      () => parseBytes(text),
      (error) => hasCode(error, 'value.size') && error.hint?.includes('10MiB') === true,
    );
  }
});

test('sizes are shown with three digits and the unit that fits', () => {
  const shown = [0, 1, 1023, 1024, 1536, 10_485_760, 104_857_600, 1_048_575, 1_610_612_736, 5e14].map(formatBytes);
  const expected = ['0 B', '1 B', '1023 B', '1 KiB', '1.5 KiB', '10 MiB', '100 MiB', '1 MiB', '1.5 GiB', '455 TiB'];
  assert.deepEqual(shown, expected);
});

test('a shown size is read back to within a hundredth', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 52), (sizeBytes) => {
      const back = parseBytes(formatBytes(sizeBytes));
      assert.ok(Math.abs(back - sizeBytes) <= sizeBytes / 100, `${sizeBytes} → ${formatBytes(sizeBytes)} → ${back}`);
    }),
  );
});

test('whole multiples of a unit are read back exactly', () => {
  const unit = fc.constantFrom('KiB', 'MiB', 'GiB', 'TiB');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), unit, (count, name) => {
      assert.equal(formatBytes(parseBytes(`${count}${name}`)), `${count} ${name}`);
    }),
  );
});
