DROP TABLE blob_garbage;
DROP TABLE files;
