/** What a shell makes of a variable that is not set, between quotes: an option or an argument that is there and says nothing. */
import type { Command } from 'commander';
import { SuretyError } from '../base/errors.ts';

/** Options for which nothing is something to say. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['reason']);

/**
 * Throws `usage.empty-value`: an empty target would be the current folder, an empty path all there is, and an empty id the beginning of every id.
 */
export function refuseEmptyValues(command: Command): void {
  for (const [at, argument] of command.registeredArguments.entries()) {
    if (hasEmpty(command.processedArgs[at])) throw emptyValue(`<${argument.name()}>`);
  }
  for (let of: Command | null = command; of !== null; of = of.parent) {
    for (const option of of.options) {
      const name = option.attributeName();
      if (MAY_BE_EMPTY.has(name) || of.getOptionValueSource(name) !== 'cli') continue;
      if (hasEmpty(of.getOptionValue(name))) throw emptyValue(option.long ?? option.flags);
    }
  }
}

function hasEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.includes(''));
}

function emptyValue(what: string): SuretyError {
  return new SuretyError('usage.empty-value', `${what} was given as nothing`, {
    hint: 'a variable that is not set may stand there; leave it out if nothing is meant',
    details: { what },
  });
}
