-- Known data, as Hopsworks keeps it: metadata, Hive's metastore, and a project's online feature store.
CREATE DATABASE hopsworks;
CREATE TABLE hopsworks.project (id INT AUTO_INCREMENT PRIMARY KEY, projectname VARCHAR(100) NOT NULL, description TEXT, created DATETIME(3),
  UNIQUE KEY by_name (projectname)) ENGINE=ndbcluster;
CREATE TABLE hopsworks.project_topics (id INT AUTO_INCREMENT PRIMARY KEY, topic_name VARCHAR(255) NOT NULL, project_id INT NOT NULL,
  num_partitions INT, num_replicas INT, UNIQUE KEY by_topic (topic_name, project_id),
  CONSTRAINT topic_of_project FOREIGN KEY (project_id) REFERENCES hopsworks.project (id) ON DELETE CASCADE) ENGINE=ndbcluster;
INSERT INTO hopsworks.project (projectname, description, created)
  WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20)
  SELECT CONCAT('project_', i), REPEAT(CONCAT('Projekt №', i, ' '), 100), '2026-01-01 00:00:00.123' FROM n;
INSERT INTO hopsworks.project_topics (topic_name, project_id, num_partitions, num_replicas) VALUES
  ('project_1_onlinefs', 1, 3, 1), ('project_2_onlinefs', 2, 1, 1), ('project_3_events', 3, 5, 1), ('project_4_unset', 4, NULL, NULL);
CREATE VIEW hopsworks.topics_of_projects AS
  SELECT p.projectname, t.topic_name FROM hopsworks.project p JOIN hopsworks.project_topics t ON t.project_id = p.id;

CREATE DATABASE metastore CHARACTER SET latin1;
CREATE TABLE metastore.TBLS (TBL_ID BIGINT PRIMARY KEY, TBL_NAME VARCHAR(256), OWNER VARCHAR(200), KEY TBLS_OWNER (OWNER)) ENGINE=ndbcluster;
CREATE TABLE metastore.TABLE_PARAMS (TBL_ID BIGINT NOT NULL, PARAM_KEY VARCHAR(256) NOT NULL, PARAM_VALUE MEDIUMTEXT,
  PRIMARY KEY (TBL_ID, PARAM_KEY), CONSTRAINT PARAMS_FK FOREIGN KEY (TBL_ID) REFERENCES metastore.TBLS (TBL_ID)) ENGINE=ndbcluster;
INSERT INTO metastore.TBLS
  WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, CONCAT('table_', i), CONCAT('owner_', i % 7) FROM n;
INSERT INTO metastore.TABLE_PARAMS SELECT TBL_ID, 'numRows', REPEAT(TBL_NAME, 50) FROM metastore.TBLS;

CREATE DATABASE project_1;
CREATE TABLE project_1.transactions_1 (id BIGINT PRIMARY KEY, amount DOUBLE, place VARBINARY(200), event_time TIMESTAMP(3) NULL, flag TINYINT,
  UNIQUE KEY by_place (place), KEY by_amount (amount)) ENGINE=ndbcluster;
SET SESSION cte_max_recursion_depth = 100000;
INSERT INTO project_1.transactions_1
  WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
  SELECT i, i / 7, UNHEX(SHA2(i, 256)), TIMESTAMPADD(SECOND, i, '2026-01-01'), i % 2 FROM n;
CREATE TABLE project_1.labels_1 (id BIGINT PRIMARY KEY, label VARCHAR(40)) ENGINE=ndbcluster;
INSERT INTO project_1.labels_1 SELECT id, CONCAT('label ', id % 11) FROM project_1.transactions_1 WHERE id <= 1000;

-- Timers of the application server, whose table the deployment makes: a restore leaves them out.
INSERT INTO glassfish_timers.EJB__TIMER__TBL VALUES ('1@@1@@server@@domain1', 1, 0, REPEAT('t', 20000)), ('2@@1@@server@@domain1', 2, 0, NULL);

-- A user of the online feature store, one who is kept in RonDB, one who is not, and a role.
CREATE USER 'project_1_meb10000'@'%' IDENTIFIED BY 'it''s "one" \\ of §9';
GRANT NDB_STORED_USER ON *.* TO 'project_1_meb10000'@'%';
GRANT SELECT, INSERT ON project_1.* TO 'project_1_meb10000'@'%';
CREATE USER 'reporting'@'10.%' IDENTIFIED BY 'reporting';
GRANT SELECT ON metastore.TBLS TO 'reporting'@'10.%';
GRANT SELECT (id, projectname) ON hopsworks.project TO 'reporting'@'10.%';
