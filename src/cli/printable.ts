/** What may be sent to a terminal: names come from other machines, and some are written to steer it. */
import { displayName } from '../base/names.ts';

const PLAIN = /([\n\t])/;
/** Line breaks, tabs, and the colours that `render.ts` itself uses. */
const OWN = new RegExp(`(\\n|\\t|${String.fromCharCode(27)}\\[(?:0|31|32|33|36)m)`);

/**
 * `text` for people, in which no name moves the cursor, sets a title or turns the direction of what follows: such characters are shown.
 * `colors`: whether there are any of our own in it.
 */
export function printable(text: string, colors = false): string {
  // Every second part is what separates the others.
  return text
    .split(colors ? OWN : PLAIN)
    .map((part, at) => (at % 2 === 1 ? part : displayName(part)))
    .join('');
}
