DROP TABLE generations;
DROP TABLE messages;
DROP TABLE conversations;
