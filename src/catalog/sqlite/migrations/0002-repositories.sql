-- Which repository was found at a place, to notice that another one is there. '' in snapshots: from before this was kept.
ALTER TABLE snapshots ADD COLUMN repository_id TEXT NOT NULL DEFAULT '';

CREATE TABLE repositories (
  name     TEXT    NOT NULL,
  location TEXT    NOT NULL,
  id       TEXT    NOT NULL,
  seen_ms  INTEGER NOT NULL,
  PRIMARY KEY (name, location)
) STRICT;
