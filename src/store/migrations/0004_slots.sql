-- The slot ledger (SPEC §8). Planned times are seconds since 1970-01-01 00:00:00 UTC, as the clock of the host gives them.
CREATE TABLE schedule (
  name TEXT PRIMARY KEY,
  through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per (schedule, planned time): recorded before it runs, done once.
CREATE TABLE slot (
  schedule TEXT NOT NULL, planned INTEGER NOT NULL,
  period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, as_of INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'completed', 'problems', 'failed', 'skipped')),
  reason TEXT, attempts INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL,
  -- Shops that the last attempt left failed, separated by commas; NULL: all shops are to be done.
  failed_shops TEXT,
  listed INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (schedule, planned)
) STRICT, WITHOUT ROWID;
CREATE INDEX slot_open ON slot (planned, schedule) WHERE state IN ('planned', 'running');

ALTER TABLE run ADD COLUMN schedule TEXT;
ALTER TABLE run ADD COLUMN slot INTEGER;
CREATE INDEX run_slot ON run (schedule, slot) WHERE slot IS NOT NULL;

-- The latest time the history has seen, so that a clock that went back is noticed (FAULTS C04).
CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), latest INTEGER NOT NULL) STRICT;

-- When a file came in, by the host's clock: whether an export of the day is there (FAULTS C14).
CREATE TABLE file_arrival (file_id INTEGER PRIMARY KEY REFERENCES file(id), at INTEGER NOT NULL) STRICT;
CREATE TRIGGER file_arrives AFTER INSERT ON file BEGIN
  INSERT INTO file_arrival (file_id, at) VALUES (new.id, unixepoch());
END;

-- How urgent a finding was when it was last computed, so that `status` need not compute anything.
ALTER TABLE finding ADD COLUMN severity TEXT NOT NULL DEFAULT 'high';
