DROP TABLE catalogues;
DROP TABLE model_lists;
DROP TABLE providers;
