-- Headings that the layout does not know, and those of secret columns that were dropped; one on each line.
ALTER TABLE file ADD COLUMN unknown_columns TEXT NOT NULL DEFAULT '';
ALTER TABLE file ADD COLUMN dropped_columns TEXT NOT NULL DEFAULT '';
