-- The outbox: a message once, its recipients each with a state, and everything that ever happened to them.
-- Times of tries are seconds since 1970-01-01 00:00:00 UTC.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  shop TEXT, period_from INTEGER, period_to INTEGER, revision INTEGER,   -- all NULL: a message to the operator
  message_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, queued TEXT NOT NULL, content BLOB NOT NULL,
  UNIQUE (shop, period_from, period_to, revision)
) STRICT;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message(id),
  recipient TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, since INTEGER, due INTEGER, resent INTEGER NOT NULL DEFAULT 0,
  UNIQUE (message, recipient)
) STRICT;
CREATE INDEX delivery_state ON delivery (state);

CREATE TABLE delivery_event (
  id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL REFERENCES delivery(id),
  at TEXT NOT NULL, event TEXT NOT NULL, words TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_event_delivery ON delivery_event (delivery, id);

-- Which address was told of which shop before its first mail.
CREATE TABLE address_shop (
  address TEXT NOT NULL COLLATE NOCASE, shop TEXT NOT NULL, told TEXT NOT NULL,
  PRIMARY KEY (address, shop)
) STRICT, WITHOUT ROWID;

-- What the operator was told, so that it is told once.
CREATE TABLE told (fault TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;

INSERT INTO message (shop, period_from, period_to, revision, message_id, sender, queued, content)
  SELECT shop, period_from, period_to, revision, min(message_id), '', '', message FROM outbox
  GROUP BY shop, period_from, period_to, revision;
INSERT INTO delivery (message, recipient, state)
  SELECT m.id, o.recipient, o.state FROM outbox o JOIN message m
  ON m.shop = o.shop AND m.period_from = o.period_from AND m.period_to = o.period_to AND m.revision = o.revision;
DROP TABLE outbox;
