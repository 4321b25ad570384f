-- A history of the first schema: two payments files, of which the second changes a payment, one bookings file, one payment list.
PRAGMA user_version = 1;
INSERT INTO installation (id) VALUES ('test');
INSERT INTO file (id, digest, name, folder, layout, encoding, rows_read) VALUES
  (1, x'01', '1.csv', NULL, 'gmo-torihiki-shukei', 'CP932', 1),
  (2, x'02', '2.csv', NULL, 'bokun-bookings', 'UTF-8', 1),
  (3, x'03', '3.csv', NULL, 'gmo-torihiki-shukei', 'CP932', 1),
  (4, x'04', '4.csv', NULL, 'bokun-payments', 'UTF-8', 1);
INSERT INTO payment (id, shop, order_id) VALUES (1, 'S1', 'A');
INSERT INTO observation (payment_id, at, status, amount, booking_ref, method, file_id, line) VALUES
  (1, 1793500000, '即時売上', 100, '1', 'クレジットカード', 1, 2),
  (1, 1793600000, '返品', 100, '1', 'クレジットカード', 3, 2);
INSERT INTO file_shop (file_id, shop, "new", "update", same, stale, conflict, excluded, rejected, yen, covers_from, covers_to) VALUES
  (1, 'S1', 1, 0, 0, 0, 0, 0, 0, 100, 20758, 20758),
  (3, 'S1', 0, 1, 0, 0, 0, 0, 0, 100, 20759, 20759);
INSERT INTO row_disposition (file_id, first_line, last_line, "rows", disposition, reason) VALUES
  (1, 2, 2, 1, 'new', NULL), (2, 2, 2, 1, 'new', NULL), (3, 2, 2, 1, 'update', NULL),
  (4, 2, 2, 1, 'new', NULL);
INSERT INTO cart_version (id, cart_key, cart, folder, file_id, reach, rank, content, is_current) VALUES
  (1, 'MZ1', 'MZ1', NULL, 2, 1793400000, 1, x'00', 1);
INSERT INTO booking_line (version_id, position, product_code, status, payment_status, created_at, start_at, total, currency,
  written_total, channel, product, customer, external_ref, transaction_id, paid, refunded, line) VALUES
  (1, 0, 'MZ-T9', 'CONFIRMED', 'PAID_IN_FULL', 1793400000, NULL, 100, 'JPY', NULL, '', '', '', '', '', NULL, NULL, 2);
INSERT INTO file_cart (file_id, cart_key, disposition, "rows", repeated, yen, covers_from, covers_to) VALUES
  (2, 'MZ1', 'new', 1, 0, 100, 20757, 20757);
INSERT INTO payment_entry (entry_key, cart_key, cart, reference, payment_type, at, amount, currency, written_amount,
  transaction_id, file_id, line) VALUES
  ('ref:P1', 'MZ1', 'MZ1', 'P1', 'WEB_PAYMENT', 1793500000, 50, 'JPY', NULL, '', 4, 2);
