-- MySQL dump 10.13  Distrib 8.0.34, for Linux (x86_64)
USE `superset`;
DROP TABLE IF EXISTS `alembic_version`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `alembic_version` (
  `version_num` varchar(32) NOT NULL
) ENGINE=InnoDB;
INSERT INTO `alembic_version` VALUES ('a1b2c3d4e5f6');
CREATE TABLE `dashboards` (
  `id` int NOT NULL
) ENGINE=InnoDB;
INSERT INTO `dashboards` VALUES (1);
CREATE TABLE `dbs` (
  `name` text COMMENT 'it''s; \' "x\\'
) ENGINE=InnoDB;
-- Dump completed on 2026-07-22 21:56:33
