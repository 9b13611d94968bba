DROP TABLE prompt_versions;
DROP TABLE projects;
