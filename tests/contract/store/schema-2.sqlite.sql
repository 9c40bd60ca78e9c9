-- SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A store as schema version 2 left it, dumped.
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
CREATE TABLE xenfleet_aggregates (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT, 
	UNIQUE (uuid), 
	UNIQUE (name)
);
INSERT INTO "xenfleet_aggregates" VALUES(1,'7cd4a665-6c36-44a2-aff0-f8d0fe35a5e3','edge','2026-11-21T10:39:44Z','2026-11-21T10:39:44Z');
CREATE TABLE xenfleet_hosts (
	uuid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	first_seen TEXT NOT NULL, 
	last_seen TEXT NOT NULL, 
	PRIMARY KEY (uuid), 
	UNIQUE (name)
);
INSERT INTO "xenfleet_hosts" VALUES('0a5cbf1e-1111-4d4d-8b8b-000000000001','cmp-1','2026-11-21T10:39:44Z','2026-11-21T10:39:44Z');
CREATE TABLE xenfleet_locks (
	name TEXT NOT NULL, 
	token TEXT NOT NULL, 
	node TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	process_started TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	acquired_at TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	PRIMARY KEY (name), 
	UNIQUE (token)
);
CREATE TABLE xenfleet_maintenances (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	host_uuid TEXT, 
	host TEXT NOT NULL, 
	name TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	service_disabled BOOLEAN NOT NULL, 
	host_disabled BOOLEAN NOT NULL, 
	started_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	finished_at TEXT
);
INSERT INTO "xenfleet_maintenances" VALUES(1,'0a5cbf1e-1111-4d4d-8b8b-000000000001','cmp-1','disks','draining',0,0,'2026-11-21T10:39:44Z','2026-11-21T10:39:44Z',NULL);
CREATE TABLE xenfleet_migrations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	maintenance_id INTEGER, 
	type TEXT NOT NULL, 
	status TEXT NOT NULL, 
	server_uuid TEXT NOT NULL, 
	server TEXT NOT NULL, 
	source TEXT NOT NULL, 
	target TEXT NOT NULL, 
	memory BIGINT NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	FOREIGN KEY(maintenance_id) REFERENCES xenfleet_maintenances (id)
);
INSERT INTO "xenfleet_migrations" VALUES(1,1,'live-migration','completed','0a5cbf1e-2222-4d4d-8b8b-000000000001','web1','cmp-1','cmp-2',1073741824,'2026-11-21T10:39:44Z','2026-11-21T10:39:44Z');
CREATE TABLE xenfleet_schema (
	version INTEGER NOT NULL, 
	release TEXT NOT NULL, 
	applied_at TEXT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "xenfleet_schema" VALUES(1,'0.1.0','2026-11-21T10:39:44Z');
INSERT INTO "xenfleet_schema" VALUES(2,'0.1.0','2026-11-21T10:39:44Z');
CREATE TABLE xenfleet_services (
	host_uuid TEXT NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	disabled_reason TEXT, 
	forced_down BOOLEAN NOT NULL, 
	updated_at TEXT NOT NULL, 
	PRIMARY KEY (host_uuid), 
	FOREIGN KEY(host_uuid) REFERENCES xenfleet_hosts (uuid) ON DELETE CASCADE
);
INSERT INTO "xenfleet_services" VALUES('0a5cbf1e-1111-4d4d-8b8b-000000000001',1,'new disks',0,'2026-11-21T10:39:44Z');
CREATE INDEX ix_xenfleet_migrations_maintenance_id ON xenfleet_migrations (maintenance_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('xenfleet_aggregates',1);
INSERT INTO "sqlite_sequence" VALUES('xenfleet_aggregate_hosts',1);
INSERT INTO "sqlite_sequence" VALUES('xenfleet_maintenances',1);
INSERT INTO "sqlite_sequence" VALUES('xenfleet_migrations',1);
COMMIT;
