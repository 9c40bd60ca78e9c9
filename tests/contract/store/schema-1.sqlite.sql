-- SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A store as schema version 1 left it, dumped.
BEGIN TRANSACTION;
CREATE TABLE xenfleet_aggregate_hosts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	aggregate_id INTEGER NOT NULL, 
	host_uuid TEXT NOT NULL, 
	UNIQUE (aggregate_id, host_uuid), 
	FOREIGN KEY(aggregate_id) REFERENCES xenfleet_aggregates (id), 
	FOREIGN KEY(host_uuid) REFERENCES xenfleet_hosts (uuid) ON DELETE CASCADE
);
INSERT INTO "xenfleet_aggregate_hosts" VALUES(1,1,'0a5cbf1e-1111-4d4d-8b8b-000000000001');
CREATE TABLE xenfleet_aggregate_metadata (
	aggregate_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (aggregate_id, "key"), 
	FOREIGN KEY(aggregate_id) REFERENCES xenfleet_aggregates (id) ON DELETE CASCADE
);
INSERT INTO "xenfleet_aggregate_metadata" VALUES(1,'availability_zone','zone-1');
INSERT INTO "xenfleet_aggregate_metadata" VALUES(1,'rack','r7');
CREATE TABLE xenfleet_aggregates (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT, 
	UNIQUE (uuid), 
	UNIQUE (name)
);
INSERT INTO "xenfleet_aggregates" VALUES(1,'6ae5aa82-e030-4ce3-9908-a3419fab7f61','edge','2026-11-21T04:37:14Z','2026-11-21T04:37:14Z');
CREATE TABLE xenfleet_hosts (
	uuid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	first_seen TEXT NOT NULL, 
	last_seen TEXT NOT NULL, 
	PRIMARY KEY (uuid), 
	UNIQUE (name)
);
INSERT INTO "xenfleet_hosts" VALUES('0a5cbf1e-1111-4d4d-8b8b-000000000001','cmp-1','2026-11-21T04:37:14Z','2026-11-21T04:37:14Z');
CREATE TABLE xenfleet_schema (
	version INTEGER NOT NULL, 
	release TEXT NOT NULL, 
	applied_at TEXT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "xenfleet_schema" VALUES(1,'0.1.0','2026-11-21T04:37:14Z');
CREATE TABLE xenfleet_services (
	host_uuid TEXT NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	disabled_reason TEXT, 
	forced_down BOOLEAN NOT NULL, 
	updated_at TEXT NOT NULL, 
	PRIMARY KEY (host_uuid), 
	FOREIGN KEY(host_uuid) REFERENCES xenfleet_hosts (uuid) ON DELETE CASCADE
);
INSERT INTO "xenfleet_services" VALUES('0a5cbf1e-1111-4d4d-8b8b-000000000001',1,'new disks',0,'2026-11-21T04:37:14Z');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('xenfleet_aggregates',1);
INSERT INTO "sqlite_sequence" VALUES('xenfleet_aggregate_hosts',1);
COMMIT;
