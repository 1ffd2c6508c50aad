/** What a message to people can be about. */
export const OCCASIONS = ['failure', 'warning', 'recovery', 'success'] as const;

/**
 * `failure`: something was not done; `warning`: all was done, but something is worth a look; `recovery`: something went well that failed
 * the time before; `success`: all went well, as before.
 */
export type Occasion = (typeof OCCASIONS)[number];
