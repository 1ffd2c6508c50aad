-- The commands that ran before and after a run or one of its sources.
CREATE TABLE hooks (
  run_id        TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  source        TEXT    NOT NULL,
  phase         TEXT    NOT NULL CHECK (phase IN ('before', 'after')),
  number        INTEGER NOT NULL,
  program       TEXT    NOT NULL,
  outcome       TEXT    NOT NULL CHECK (outcome IN ('ok', 'warnings', 'failed', 'interrupted')),
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER NOT NULL,
  error_code    TEXT,
  error_message TEXT,
  PRIMARY KEY (run_id, source, phase, number)
) STRICT, WITHOUT ROWID;
