-- What the last verification of a snapshot found, for each depth.
CREATE TABLE verdicts (
  repository  TEXT    NOT NULL,
  snapshot_id TEXT    NOT NULL,
  depth       TEXT    NOT NULL CHECK (depth IN ('structure', 'data')),
  at_ms       INTEGER NOT NULL,
  ok          INTEGER NOT NULL CHECK (ok IN (0, 1)),
  message     TEXT    NOT NULL,
  PRIMARY KEY (repository, snapshot_id, depth)
) STRICT, WITHOUT ROWID;
