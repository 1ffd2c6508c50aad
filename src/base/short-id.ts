/** The id as people see it: the first eight of 64 hex digits; other ids are made to be read, and stay whole. */
export function shortId(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 8) : id;
}
