import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SuretyError } from '../base/errors.ts';
import { FORMATS } from './formats.ts';
import { importConfig, readInput } from './import.ts';

const TESTDATA = join(import.meta.dirname, 'testdata');
const SAMPLES = globSync('*/*', { cwd: TESTDATA })
  .filter((file) => !file.endsWith('expected.txt'))
  .sort()
  .map((file) => readFileSync(join(TESTDATA, file), 'utf8'));

const ODD_VALUES = [
  ...[
    '""',
    '[]',
    '{}',
    'null',
    '-1',
    '1e9',
    'true',
    '[1, {a: b}]',
    '{a: [b]}',
    '"\\u0000"',
    "'",
    '"',
    '~',
    '__proto__',
  ],
  ...[
    '!tag x',
    '*nothing',
    '&a x',
    '%',
    '$(x)',
    '`',
    '\u{1f600}',
    '\ud800',
    '../..',
    'a'.repeat(300),
    '   ',
    '- x',
    'x: y',
  ],
];

/** A sample with some lines removed, doubled, put elsewhere, or given an odd value. */
const spoiled = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(
      fc.record({
        at: fc.nat(200),
        what: fc.constantFrom('remove', 'double', 'move', 'value', 'indent', 'cut'),
        odd: fc.constantFrom(...ODD_VALUES),
      }),
      { maxLength: 6 },
    ),
  )
  .map(([text, changes]) => {
    const lines = text.split('\n');
    for (const { at, what, odd } of changes) {
      const index = at % lines.length;
      const line = lines[index] ?? '';
      if (what === 'remove') lines.splice(index, 1);
      else if (what === 'double') lines.splice(index, 0, line);
      else if (what === 'move') lines.push(...lines.splice(index, 1));
      else if (what === 'indent') lines[index] = `  ${line}`;
      else if (what === 'cut') lines[index] = line.slice(0, at % (line.length + 1));
      else lines[index] = line.replace(/([=:]\s*)\S.*$/, (_all, sign: string) => sign + odd);
    }
    return lines.join('\n');
  });

test('whatever a file says, it becomes a valid configuration or is refused with a reason', () => {
  const format = fc.option(fc.constantFrom(...FORMATS), { nil: undefined, freq: 3 });
  fc.assert(
    fc.property(spoiled, format, (text, chosen) => {
      try {
        importConfig({ inputs: [readInput('odd', Buffer.from(text))], format: chosen });
      } catch (error) {
        assert.ok(error instanceof SuretyError, String((error as Error).stack));
        assert.match(error.code, /^config\./, error.message);
      }
    }),
    { numRuns: 200 },
  );
});
