-- The lines that name a Transaction ID: these decide on a booking's shop before it is read whole (SPEC §4.3).
CREATE INDEX booking_line_transaction ON booking_line (version_id, transaction_id) WHERE transaction_id <> '';
