-- The history: what was read, what became of every row, what was reported.
-- Days are days since 1970-01-01, moments are seconds since 1970-01-01 00:00:00, both in JST. Amounts are yen.
CREATE TABLE installation (id TEXT NOT NULL) STRICT;

CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  folder TEXT,
  layout TEXT NOT NULL,
  encoding TEXT NOT NULL,
  rows_read INTEGER NOT NULL
) STRICT;

-- Control totals of a file per shop; bookings have no shop yet, theirs come from cart_version and same_cart.
CREATE TABLE file_shop (
  file_id INTEGER NOT NULL REFERENCES file(id),
  shop TEXT NOT NULL,
  "new" INTEGER NOT NULL, "update" INTEGER NOT NULL, same INTEGER NOT NULL, stale INTEGER NOT NULL,
  conflict INTEGER NOT NULL, excluded INTEGER NOT NULL, rejected INTEGER NOT NULL,
  yen INTEGER NOT NULL, covers_from INTEGER, covers_to INTEGER,
  PRIMARY KEY (file_id, shop)
) STRICT, WITHOUT ROWID;

-- Every row's disposition; neighbours with the same one share an entry.
CREATE TABLE row_disposition (
  file_id INTEGER NOT NULL REFERENCES file(id),
  first_line INTEGER NOT NULL, last_line INTEGER NOT NULL, "rows" INTEGER NOT NULL,
  disposition TEXT NOT NULL, reason TEXT
) STRICT;
CREATE INDEX row_disposition_file ON row_disposition (file_id, first_line);

CREATE TABLE payment (
  id INTEGER PRIMARY KEY, shop TEXT NOT NULL, order_id TEXT NOT NULL,
  UNIQUE (shop, order_id)
) STRICT;

CREATE TABLE observation (
  payment_id INTEGER NOT NULL REFERENCES payment(id),
  at INTEGER NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL,
  booking_ref TEXT NOT NULL, method TEXT NOT NULL,
  file_id INTEGER NOT NULL REFERENCES file(id), line INTEGER NOT NULL,
  PRIMARY KEY (payment_id, at, file_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE cart_version (
  id INTEGER PRIMARY KEY,
  cart_key TEXT NOT NULL, cart TEXT NOT NULL, folder TEXT,
  file_id INTEGER NOT NULL REFERENCES file(id),
  reach INTEGER NOT NULL, rank INTEGER NOT NULL, content BLOB NOT NULL, is_current INTEGER NOT NULL,
  disposition TEXT NOT NULL, "rows" INTEGER NOT NULL, repeated INTEGER NOT NULL, yen INTEGER NOT NULL,
  covers_from INTEGER, covers_to INTEGER
) STRICT;
CREATE UNIQUE INDEX cart_version_current ON cart_version (cart_key) WHERE is_current = 1;

CREATE TABLE booking_line (
  version_id INTEGER NOT NULL REFERENCES cart_version(id), position INTEGER NOT NULL,
  product_code TEXT NOT NULL, status TEXT NOT NULL, payment_status TEXT NOT NULL,
  created_at INTEGER NOT NULL, start_at INTEGER, total INTEGER, currency TEXT NOT NULL, written_total TEXT,
  channel TEXT NOT NULL, product TEXT NOT NULL, customer TEXT NOT NULL, external_ref TEXT NOT NULL,
  transaction_id TEXT NOT NULL, paid INTEGER, refunded INTEGER, line INTEGER NOT NULL,
  PRIMARY KEY (version_id, position)
) STRICT, WITHOUT ROWID;

-- Control totals of the carts that a bookings file repeats as they were; those it changes stand with their version.
CREATE TABLE same_cart (
  file_id INTEGER NOT NULL REFERENCES file(id), cart_key TEXT NOT NULL,
  "rows" INTEGER NOT NULL, repeated INTEGER NOT NULL, yen INTEGER NOT NULL,
  covers_from INTEGER, covers_to INTEGER,
  PRIMARY KEY (file_id, cart_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment_entry (
  entry_key TEXT PRIMARY KEY, cart_key TEXT NOT NULL, cart TEXT NOT NULL, reference TEXT NOT NULL,
  payment_type TEXT NOT NULL, at INTEGER NOT NULL, amount INTEGER, currency TEXT NOT NULL, written_amount TEXT,
  transaction_id TEXT NOT NULL, file_id INTEGER NOT NULL REFERENCES file(id), line INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_entry_cart ON payment_entry (cart_key);

CREATE TABLE held (
  name TEXT PRIMARY KEY, digest TEXT NOT NULL, original TEXT NOT NULL, shop TEXT, reason TEXT NOT NULL, since TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE act (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;

CREATE TABLE finding (
  id TEXT PRIMARY KEY, shop TEXT NOT NULL, code TEXT NOT NULL, finding_key TEXT NOT NULL,
  first_seen INTEGER NOT NULL, cleared INTEGER,
  state TEXT NOT NULL DEFAULT '', assignee TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_shop ON finding (shop);

CREATE TABLE run (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL,
  as_of INTEGER NOT NULL, outcome TEXT NOT NULL
) STRICT;

CREATE TABLE run_shop (
  run_id INTEGER NOT NULL REFERENCES run(id), shop TEXT NOT NULL, revision INTEGER NOT NULL,
  mail TEXT NOT NULL, balanced INTEGER NOT NULL, matched INTEGER NOT NULL, findings INTEGER NOT NULL,
  PRIMARY KEY (run_id, shop)
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
  shop TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, revision INTEGER NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run(id), as_of INTEGER NOT NULL,
  digest TEXT NOT NULL, figures TEXT NOT NULL, workbook TEXT NOT NULL,
  PRIMARY KEY (shop, period_from, period_to, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, shop TEXT NOT NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL,
  revision INTEGER NOT NULL, recipient TEXT NOT NULL, message_id TEXT NOT NULL, state TEXT NOT NULL,
  message BLOB NOT NULL,
  UNIQUE (shop, period_from, period_to, revision, recipient)
) STRICT;
