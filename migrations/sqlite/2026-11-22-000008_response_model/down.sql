ALTER TABLE messages DROP COLUMN response_model;
