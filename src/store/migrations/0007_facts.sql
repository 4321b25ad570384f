-- The lines that name a Transaction ID: these decide on a booking's shop before it is read whole (SPEC §4.3).
CREATE INDEX booking_line_transaction ON booking_line (version_id, transaction_id) WHERE transaction_id <> '';

-- What each shop's last report came to, and out of what: the same again need not be worked out again. The seal is over both.
CREATE TABLE remembered (shop TEXT PRIMARY KEY, seal BLOB NOT NULL, result TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The figures of a report are long, and only its next revision is compared with them: whoever asks for the report need not
-- read through them.
CREATE TABLE report_figures (
  shop TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, revision INTEGER NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (shop, period_from, period_to, revision)
) STRICT, WITHOUT ROWID;
INSERT INTO report_figures SELECT shop, period_from, period_to, revision, figures FROM report WHERE figures <> '';
ALTER TABLE report DROP COLUMN figures;
