-- A seal for each file record: what it said when it was stored (rows, yen, a digest over its rows), chained to the one before.
ALTER TABLE file ADD COLUMN yen INTEGER;
-- Newest Creation date of a bookings file.
ALTER TABLE file ADD COLUMN reach INTEGER;
ALTER TABLE file ADD COLUMN rows_digest BLOB;
ALTER TABLE file ADD COLUMN chain BLOB;
-- The newest seal, and the program that brought the schema to this form.
ALTER TABLE installation ADD COLUMN head BLOB;
ALTER TABLE installation ADD COLUMN program TEXT;

CREATE INDEX observation_file ON observation (file_id, line);
CREATE INDEX cart_version_file ON cart_version (file_id);

-- Every version of a payment-list row is kept; the newest file's counts.
DROP INDEX payment_entry_cart;
ALTER TABLE payment_entry RENAME TO payment_entry_before;
CREATE TABLE payment_entry (
  entry_key TEXT NOT NULL, file_id INTEGER NOT NULL REFERENCES file(id), line INTEGER NOT NULL,
  cart_key TEXT NOT NULL, cart TEXT NOT NULL, reference TEXT NOT NULL,
  payment_type TEXT NOT NULL, at INTEGER NOT NULL, amount INTEGER, currency TEXT NOT NULL, written_amount TEXT,
  transaction_id TEXT NOT NULL,
  PRIMARY KEY (entry_key, file_id, line)
) STRICT, WITHOUT ROWID;
INSERT INTO payment_entry (entry_key, file_id, line, cart_key, cart, reference, payment_type, at, amount, currency,
  written_amount, transaction_id)
SELECT entry_key, file_id, line, cart_key, cart, reference, payment_type, at, amount, currency, written_amount, transaction_id
FROM payment_entry_before;
DROP TABLE payment_entry_before;
CREATE INDEX payment_entry_cart ON payment_entry (cart_key);
CREATE INDEX payment_entry_file ON payment_entry (file_id, line);

-- Who did it.
ALTER TABLE act ADD COLUMN user TEXT NOT NULL DEFAULT '';

-- The shop folders that the last look into the inbox saw: all of them gone means that the share is not mounted.
CREATE TABLE inbox_folder (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Conditions that last: since when, and when a person was last told.
CREATE TABLE lasting (
  kind TEXT NOT NULL, subject TEXT NOT NULL, since TEXT NOT NULL, told TEXT,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
