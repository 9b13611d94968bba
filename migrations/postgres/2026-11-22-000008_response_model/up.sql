-- The model that really answered, in the provider's word, where that is another than was asked for.
ALTER TABLE messages ADD COLUMN response_model TEXT;
