import { z } from 'zod';

/** Where the catalog is kept. A relative path is relative to the configuration file. */
export const sqliteCatalogOptions = z.strictObject({
  path: z.string().min(1).describe('File of the catalog'),
});

export type SqliteCatalogOptions = z.infer<typeof sqliteCatalogOptions>;
