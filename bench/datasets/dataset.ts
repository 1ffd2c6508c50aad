/** One generated data set. The same scale and day give the same bytes on every machine. */
export interface Dataset {
  /** As `--only` names it. */
  readonly letter: string;
  readonly title: string;
  /** Fills the empty folder `root` with the first day. */
  write(root: string, scale: number): void;
  /** Changes what is in `root` from the state of the day before to that of `day` (2, 3, …). */
  nextDay(root: string, scale: number, day: number): void;
}
