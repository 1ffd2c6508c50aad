-- Times are milliseconds since 1970 (UTC). Lists and maps are JSON.

CREATE TABLE runs (
  id         TEXT    NOT NULL PRIMARY KEY,
  verb       TEXT    NOT NULL,
  job        TEXT    NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms   INTEGER,
  outcome    TEXT CHECK (outcome IN ('ok', 'warnings', 'failed', 'interrupted')),
  exit_code  INTEGER,
  -- The process that runs it, to notice one that died.
  host       TEXT    NOT NULL,
  process_id INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_time ON runs (started_ms);

CREATE TABLE members (
  run_id        TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  source        TEXT    NOT NULL,
  repository    TEXT    NOT NULL,
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER NOT NULL,
  outcome       TEXT    NOT NULL CHECK (outcome IN ('ok', 'warnings', 'failed', 'interrupted')),
  snapshot      TEXT, -- JSON of the snapshot as it was stored: it stays when cleanup has removed the snapshot.
  snapshot_id   TEXT,
  stats         TEXT    NOT NULL,
  warning_count INTEGER NOT NULL,
  warnings      TEXT    NOT NULL,
  error_code    TEXT,
  error_message TEXT,
  PRIMARY KEY (run_id, source, repository)
) STRICT;
CREATE INDEX members_by_success ON members (source, repository, ended_ms)
  WHERE snapshot_id IS NOT NULL AND outcome IN ('ok', 'warnings');

CREATE TABLE snapshots (
  repository     TEXT    NOT NULL,
  id             TEXT    NOT NULL,
  source         TEXT    NOT NULL,
  host           TEXT    NOT NULL,
  paths          TEXT    NOT NULL,
  tags           TEXT    NOT NULL,
  time_ms        INTEGER NOT NULL,
  recovery_point TEXT    NOT NULL,
  size_bytes     INTEGER,
  PRIMARY KEY (repository, id)
) STRICT;
CREATE INDEX snapshots_by_series ON snapshots (repository, source, host, paths, time_ms);

CREATE TABLE verifications (
  number        INTEGER PRIMARY KEY,
  run_id        TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  repository    TEXT    NOT NULL,
  depth         TEXT    NOT NULL CHECK (depth IN ('structure', 'data')),
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER NOT NULL,
  outcome       TEXT    NOT NULL,
  snapshots     INTEGER NOT NULL,
  read_bytes    INTEGER NOT NULL,
  problem_count INTEGER NOT NULL,
  problems      TEXT    NOT NULL,
  error_code    TEXT,
  error_message TEXT,
  UNIQUE (run_id, repository)
) STRICT;

-- Drills and restores have the same shape: a drill is a restore into scratch that was compared.
CREATE TABLE restores (
  number        INTEGER PRIMARY KEY,
  drill         INTEGER NOT NULL CHECK (drill IN (0, 1)),
  run_id        TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  source        TEXT    NOT NULL,
  repository    TEXT    NOT NULL,
  snapshot_id   TEXT    NOT NULL,
  target        TEXT    NOT NULL,
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER NOT NULL,
  outcome       TEXT    NOT NULL,
  files         INTEGER NOT NULL,
  size_bytes    INTEGER NOT NULL,
  failed_count  INTEGER NOT NULL,
  checks        TEXT    NOT NULL,
  error_code    TEXT,
  error_message TEXT,
  UNIQUE (drill, run_id, repository, snapshot_id)
) STRICT;
CREATE INDEX restores_by_source ON restores (drill, source, ended_ms);
