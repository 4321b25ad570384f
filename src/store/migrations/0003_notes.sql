-- What people wrote on findings, entry by entry: of each field the latest holds (SPEC §5.7).
-- after_run: the newest run when the entry came in; workbooks of later runs show it.
CREATE TABLE note (
  id INTEGER PRIMARY KEY,
  finding_id TEXT NOT NULL REFERENCES finding(id), field TEXT NOT NULL, value TEXT NOT NULL,
  written INTEGER NOT NULL, after_run INTEGER NOT NULL, source TEXT NOT NULL
) STRICT;
CREATE INDEX note_finding ON note (finding_id, field, written, id);
