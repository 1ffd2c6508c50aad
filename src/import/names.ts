/** Names for parts of the configuration, made of what other programs call things. */

/** `text` as a name of the configuration: its last word where it is a path, with a number where it is taken. */
export function nameOf(text: string, taken: (name: string) => boolean, fallback = 'files'): string {
  const last = text.replaceAll('\\', '/').replace(/\/+$/, '').split(/[/:]/).at(-1) ?? '';
  const plain = last.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  const base = plain === '' || plain === '__proto__' ? fallback : plain.slice(0, 60);
  let name = base;
  for (let number = 2; taken(name); number++) name = `${base}-${number}`;
  return name;
}

/** A path of Windows, such as `C:\Volume D\Avalanche`. */
export function isWindowsPath(path: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\');
}
