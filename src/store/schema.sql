-- The tables of a new history: what the migrations come to, in one step. `opening` holds them to each other.
-- Days are days and moments are seconds since 1970-01-01 00:00:00 JST, amounts are yen. A word column holds the number of a
-- word, or the text itself where there are too many words.

CREATE TABLE installation (id TEXT NOT NULL, head BLOB, program TEXT) STRICT;
CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), latest INTEGER NOT NULL) STRICT;
CREATE TABLE act (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL,
  user TEXT NOT NULL DEFAULT ''
) STRICT;

-- Files, each with its seal (`rows_digest`) chained to that of the file before (`chain`), and what became of their rows.
CREATE TABLE file (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, folder TEXT, layout TEXT NOT NULL,
  encoding TEXT NOT NULL, rows_read INTEGER NOT NULL, yen INTEGER, reach INTEGER, rows_digest BLOB, chain BLOB,
  hidden_rows INTEGER NOT NULL DEFAULT 0, unknown_columns TEXT NOT NULL DEFAULT '', dropped_columns TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE file_arrival (file_id INTEGER PRIMARY KEY REFERENCES file(id), at INTEGER NOT NULL) STRICT;
CREATE TRIGGER file_arrives AFTER INSERT ON file BEGIN
  INSERT INTO file_arrival (file_id, at) VALUES (new.id, unixepoch());
END;
CREATE TABLE file_range (
  file_id INTEGER NOT NULL REFERENCES file(id), rows_of TEXT NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,
  PRIMARY KEY (file_id, rows_of)
) STRICT, WITHOUT ROWID;
CREATE TABLE file_shop (
  file_id INTEGER NOT NULL REFERENCES file(id), shop TEXT NOT NULL,
  "new" INTEGER NOT NULL, "update" INTEGER NOT NULL, same INTEGER NOT NULL, stale INTEGER NOT NULL,
  conflict INTEGER NOT NULL, excluded INTEGER NOT NULL, rejected INTEGER NOT NULL,
  yen INTEGER NOT NULL, covers_from INTEGER, covers_to INTEGER,
  PRIMARY KEY (file_id, shop)
) STRICT, WITHOUT ROWID;
CREATE TABLE row_disposition (
  file_id INTEGER NOT NULL REFERENCES file(id), first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
  "rows" INTEGER NOT NULL, disposition TEXT NOT NULL, reason TEXT
) STRICT;
CREATE INDEX row_disposition_file ON row_disposition (file_id, first_line);
CREATE TABLE held (
  name TEXT PRIMARY KEY, digest TEXT NOT NULL, original TEXT NOT NULL, shop TEXT, reason TEXT NOT NULL, since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox_folder (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE lasting (
  kind TEXT NOT NULL, subject TEXT NOT NULL, since TEXT NOT NULL, told TEXT, PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

-- Payments: every observation of each.
CREATE TABLE observation (
  id INTEGER PRIMARY KEY, shop ANY NOT NULL, order_id TEXT NOT NULL, at INTEGER NOT NULL, status ANY NOT NULL,
  amount INTEGER NOT NULL, booking_ref TEXT NOT NULL, method ANY NOT NULL, file_id INTEGER NOT NULL REFERENCES file(id),
  line INTEGER NOT NULL
) STRICT;
CREATE INDEX observation_payment ON observation (shop, order_id);

-- Bookings: every version of each cart with its control totals in its file and with its lines; carts that a file repeated
-- word for word; the rows of the payment list.
CREATE TABLE cart_version (
  id INTEGER PRIMARY KEY, cart_key TEXT NOT NULL, cart TEXT NOT NULL, folder TEXT,
  file_id INTEGER NOT NULL REFERENCES file(id), reach INTEGER NOT NULL, rank INTEGER NOT NULL, content BLOB NOT NULL,
  is_current INTEGER NOT NULL, first_line_id INTEGER NOT NULL DEFAULT 0, disposition TEXT NOT NULL DEFAULT '',
  "rows" INTEGER NOT NULL DEFAULT 0, repeated INTEGER NOT NULL DEFAULT 0, yen INTEGER NOT NULL DEFAULT 0,
  covers_from INTEGER, covers_to INTEGER, plain_start INTEGER
) STRICT;
CREATE UNIQUE INDEX cart_version_current ON cart_version (cart_key) WHERE is_current = 1;
CREATE TABLE booking_line (
  id INTEGER PRIMARY KEY, version_id INTEGER NOT NULL REFERENCES cart_version(id), product_code TEXT NOT NULL,
  status ANY NOT NULL, payment_status ANY NOT NULL, created_at INTEGER NOT NULL, start_at INTEGER, total INTEGER,
  currency ANY NOT NULL, written_total TEXT, channel ANY NOT NULL, product ANY NOT NULL, customer TEXT NOT NULL,
  external_ref TEXT NOT NULL, transaction_id TEXT NOT NULL, paid INTEGER, refunded INTEGER, line INTEGER NOT NULL
) STRICT;
CREATE INDEX booking_line_transaction ON booking_line (version_id, transaction_id) WHERE transaction_id <> '';
CREATE TABLE file_cart (
  file_id INTEGER NOT NULL REFERENCES file(id), version_id INTEGER NOT NULL REFERENCES cart_version(id),
  "rows" INTEGER NOT NULL, repeated INTEGER NOT NULL, yen INTEGER NOT NULL, covers_from INTEGER, covers_to INTEGER,
  PRIMARY KEY (file_id, version_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment_entry (
  entry_key TEXT NOT NULL, file_id INTEGER NOT NULL REFERENCES file(id), line INTEGER NOT NULL, cart_key TEXT NOT NULL,
  cart TEXT NOT NULL, reference TEXT NOT NULL, payment_type TEXT NOT NULL, at INTEGER NOT NULL, amount INTEGER,
  currency TEXT NOT NULL, written_amount TEXT, transaction_id TEXT NOT NULL,
  PRIMARY KEY (entry_key, file_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_entry_cart ON payment_entry (cart_key);
CREATE INDEX payment_entry_file ON payment_entry (file_id, line);

-- Findings with what finance wrote on them.
CREATE TABLE finding (
  id TEXT PRIMARY KEY, shop TEXT NOT NULL, code TEXT NOT NULL, finding_key TEXT NOT NULL, first_seen INTEGER NOT NULL,
  cleared INTEGER, state TEXT NOT NULL DEFAULT '', assignee TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
  severity TEXT NOT NULL DEFAULT 'high'
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_shop ON finding (shop);
CREATE TABLE note (
  id INTEGER PRIMARY KEY, finding_id TEXT NOT NULL REFERENCES finding(id), field TEXT NOT NULL, value TEXT NOT NULL,
  written INTEGER NOT NULL, after_run INTEGER NOT NULL, source TEXT NOT NULL
) STRICT;
CREATE INDEX note_finding ON note (finding_id, field, written, id);

-- Runs, their slots, the reports they issued and what these say.
CREATE TABLE schedule (name TEXT PRIMARY KEY, through INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE slot (
  schedule TEXT NOT NULL, planned INTEGER NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'completed', 'problems', 'failed', 'skipped')),
  reason TEXT, attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL,
  -- Shops that the last attempt left failed, separated by commas; NULL: all shops are to be done.
  failed_shops TEXT,
  listed INTEGER NOT NULL, ended INTEGER,
  PRIMARY KEY (schedule, planned)
) STRICT, WITHOUT ROWID;
CREATE INDEX slot_open ON slot (planned, schedule) WHERE state IN ('planned', 'running');
CREATE TABLE run (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL,
  as_of INTEGER NOT NULL, outcome TEXT NOT NULL, schedule TEXT, slot INTEGER
) STRICT;
CREATE INDEX run_slot ON run (schedule, slot) WHERE slot IS NOT NULL;
CREATE TABLE run_shop (
  run_id INTEGER NOT NULL REFERENCES run(id), shop TEXT NOT NULL, revision INTEGER NOT NULL, mail TEXT NOT NULL,
  balanced INTEGER NOT NULL, matched INTEGER NOT NULL, findings INTEGER NOT NULL,
  PRIMARY KEY (run_id, shop)
) STRICT, WITHOUT ROWID;
CREATE TABLE report (
  shop TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, revision INTEGER NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run(id), as_of INTEGER NOT NULL, digest TEXT NOT NULL, workbook TEXT NOT NULL,
  PRIMARY KEY (shop, period_from, period_to, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE report_figures (
  shop TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, revision INTEGER NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (shop, period_from, period_to, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE remembered (shop TEXT PRIMARY KEY, seal BLOB NOT NULL, result TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Mail: messages, one delivery to each recipient, and all that was said about it.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  shop TEXT, period_from INTEGER, period_to INTEGER, revision INTEGER,   -- all NULL: a message to the operator
  message_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, queued TEXT NOT NULL, content BLOB NOT NULL,
  UNIQUE (shop, period_from, period_to, revision)
) STRICT;
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message(id), recipient TEXT NOT NULL COLLATE NOCASE,
  state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, since INTEGER, due INTEGER, resent INTEGER NOT NULL DEFAULT 0,
  UNIQUE (message, recipient)
) STRICT;
CREATE INDEX delivery_state ON delivery (state);
CREATE TABLE delivery_event (
  id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL REFERENCES delivery(id), at TEXT NOT NULL, event TEXT NOT NULL,
  words TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_event_delivery ON delivery_event (delivery, id);
CREATE TABLE address_shop (
  address TEXT NOT NULL COLLATE NOCASE, shop TEXT NOT NULL, told TEXT NOT NULL, PRIMARY KEY (address, shop)
) STRICT, WITHOUT ROWID;
CREATE TABLE told (fault TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
