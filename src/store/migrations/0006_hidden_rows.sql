-- Rows that the sheet hides and that were read like the others.
ALTER TABLE file ADD COLUMN hidden_rows INTEGER NOT NULL DEFAULT 0;
