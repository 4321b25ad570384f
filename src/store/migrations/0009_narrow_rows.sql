-- Narrow rows: what a file brings lies side by side under ascending numbers, so that a file is a range of them and needs no
-- index; words that repeat are stored once. A word column holds the number of the word, or the text itself where there are too
-- many words.
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

INSERT INTO word (text)
SELECT shop FROM payment
UNION SELECT status FROM observation UNION SELECT method FROM observation
UNION SELECT status FROM booking_line UNION SELECT payment_status FROM booking_line
UNION SELECT currency FROM booking_line UNION SELECT channel FROM booking_line;

-- What each file brought: first and last number of its rows in a table.
CREATE TABLE file_range (
  file_id INTEGER NOT NULL REFERENCES file(id), rows_of TEXT NOT NULL,
  first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,
  PRIMARY KEY (file_id, rows_of)
) STRICT, WITHOUT ROWID;

DROP INDEX observation_file;
ALTER TABLE observation RENAME TO observation_before;
CREATE TABLE observation (
  id INTEGER PRIMARY KEY, shop ANY NOT NULL, order_id TEXT NOT NULL,
  at INTEGER NOT NULL, status ANY NOT NULL, amount INTEGER NOT NULL,
  booking_ref TEXT NOT NULL, method ANY NOT NULL,
  file_id INTEGER NOT NULL REFERENCES file(id), line INTEGER NOT NULL
) STRICT;
INSERT INTO observation (shop, order_id, at, status, amount, booking_ref, method, file_id, line)
SELECT (SELECT id FROM word WHERE text = p.shop), p.order_id, o.at, (SELECT id FROM word WHERE text = o.status), o.amount,
  o.booking_ref, (SELECT id FROM word WHERE text = o.method), o.file_id, o.line
FROM observation_before o JOIN payment p ON p.id = o.payment_id
ORDER BY o.file_id, p.shop, p.order_id, o.at, o.line;
DROP TABLE observation_before;
DROP TABLE payment;
CREATE INDEX observation_payment ON observation (shop, order_id);

DROP INDEX booking_line_transaction;
ALTER TABLE booking_line RENAME TO booking_line_before;
CREATE TABLE booking_line (
  id INTEGER PRIMARY KEY, version_id INTEGER NOT NULL REFERENCES cart_version(id),
  product_code TEXT NOT NULL, status ANY NOT NULL, payment_status ANY NOT NULL,
  created_at INTEGER NOT NULL, start_at INTEGER, total INTEGER, currency ANY NOT NULL, written_total TEXT,
  channel ANY NOT NULL, product ANY NOT NULL, customer TEXT NOT NULL, external_ref TEXT NOT NULL,
  transaction_id TEXT NOT NULL, paid INTEGER, refunded INTEGER, line INTEGER NOT NULL
) STRICT;
INSERT INTO booking_line (version_id, product_code, status, payment_status, created_at, start_at, total, currency,
  written_total, channel, product, customer, external_ref, transaction_id, paid, refunded, line)
SELECT version_id, product_code, (SELECT id FROM word WHERE text = b.status),
  (SELECT id FROM word WHERE text = b.payment_status), created_at, start_at, total,
  (SELECT id FROM word WHERE text = b.currency), written_total, (SELECT id FROM word WHERE text = b.channel), product,
  customer, external_ref, transaction_id, paid, refunded, line
FROM booking_line_before b ORDER BY version_id, position;
DROP TABLE booking_line_before;
CREATE INDEX booking_line_transaction ON booking_line (version_id, transaction_id) WHERE transaction_id <> '';

-- A version knows what became of its cart in its file, and its lines.
DROP INDEX cart_version_file;
DROP INDEX cart_version_current;
ALTER TABLE cart_version ADD COLUMN first_line_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cart_version ADD COLUMN disposition TEXT NOT NULL DEFAULT '';
ALTER TABLE cart_version ADD COLUMN "rows" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cart_version ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cart_version ADD COLUMN yen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cart_version ADD COLUMN covers_from INTEGER;
ALTER TABLE cart_version ADD COLUMN covers_to INTEGER;
-- The day on which the tour of a plain cart starts (0 where no line says), NULL for any other cart: see domain/booking.rs.
ALTER TABLE cart_version ADD COLUMN plain_start INTEGER;
UPDATE cart_version SET (disposition, "rows", repeated, yen, covers_from, covers_to) =
  (SELECT c.disposition, c."rows", c.repeated, c.yen, c.covers_from, c.covers_to
   FROM file_cart c WHERE c.file_id = cart_version.file_id AND c.cart_key = cart_version.cart_key);
UPDATE cart_version SET first_line_id = own.first_id
FROM (SELECT version_id, min(id) AS first_id FROM booking_line GROUP BY version_id) own WHERE own.version_id = cart_version.id;
UPDATE cart_version SET plain_start = (
  SELECT coalesce(min(b.start_at) / 86400, 0) FROM booking_line b WHERE b.version_id = cart_version.id
  HAVING count(*) > 0 AND count(*) = sum(
    (SELECT text FROM word WHERE id = b.status) IN ('CONFIRMED', 'ARRIVED', 'NO_SHOW')
    AND (SELECT text FROM word WHERE id = b.payment_status) = 'PAID_IN_FULL'
    AND b.total IS NOT NULL AND b.paid IS NULL AND b.refunded IS NULL AND b.transaction_id = ''));
CREATE UNIQUE INDEX cart_version_current ON cart_version (cart_key) WHERE is_current = 1;

-- Carts that a file repeated word for word, with the version they are the same as.
CREATE INDEX cart_version_of_key ON cart_version (cart_key, file_id);
ALTER TABLE file_cart RENAME TO file_cart_before;
CREATE TABLE file_cart (
  file_id INTEGER NOT NULL REFERENCES file(id), version_id INTEGER NOT NULL REFERENCES cart_version(id),
  "rows" INTEGER NOT NULL, repeated INTEGER NOT NULL, yen INTEGER NOT NULL, covers_from INTEGER, covers_to INTEGER,
  PRIMARY KEY (file_id, version_id)
) STRICT, WITHOUT ROWID;
INSERT INTO file_cart (file_id, version_id, "rows", repeated, yen, covers_from, covers_to)
SELECT c.file_id,
  (SELECT max(v.id) FROM cart_version v WHERE v.cart_key = c.cart_key AND v.file_id < c.file_id AND v.disposition <> 'stale'),
  c."rows", c.repeated, c.yen, c.covers_from, c.covers_to
FROM file_cart_before c WHERE c.disposition = 'same';
DROP TABLE file_cart_before;
DROP INDEX cart_version_of_key;

INSERT INTO file_range (file_id, rows_of, first_id, last_id)
SELECT (SELECT min(id) FROM file), 'word', min(id), max(id) FROM word HAVING count(*) > 0
UNION ALL SELECT file_id, 'observation', min(id), max(id) FROM observation GROUP BY file_id
UNION ALL SELECT file_id, 'cart_version', min(id), max(id) FROM cart_version GROUP BY file_id
UNION ALL SELECT v.file_id, 'booking_line', min(l.id), max(l.id)
  FROM booking_line l JOIN cart_version v ON v.id = l.version_id GROUP BY v.file_id;
