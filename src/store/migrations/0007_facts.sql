-- The lines that name a Transaction ID: these decide on a booking's shop before it is read whole (SPEC §4.3).
CREATE INDEX booking_line_transaction ON booking_line (version_id, transaction_id) WHERE transaction_id <> '';

-- What each shop's last report came to, and out of what: the same again need not be worked out again. The seal is over both.
CREATE TABLE remembered (shop TEXT PRIMARY KEY, seal BLOB NOT NULL, result TEXT NOT NULL) STRICT, WITHOUT ROWID;
