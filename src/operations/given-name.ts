/** What people call a snapshot besides its id: archives of borg have names. Undefined where the id is all there is. */
export function givenName({ id, tree }: { readonly id: string; readonly tree: string }): string | undefined {
  return tree === '' || tree === id || /^[0-9a-f]{64}$/.test(tree) ? undefined : tree;
}
