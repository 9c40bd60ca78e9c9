-- SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A store as schema version 2 left it, dumped.
CREATE TABLE xenfleet_aggregate_hosts (
    id integer NOT NULL,
    aggregate_id integer NOT NULL,
    host_uuid text NOT NULL
);
CREATE SEQUENCE xenfleet_aggregate_hosts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE xenfleet_aggregate_hosts_id_seq OWNED BY xenfleet_aggregate_hosts.id;
CREATE TABLE xenfleet_aggregate_metadata (
    aggregate_id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL
);
CREATE TABLE xenfleet_aggregates (
    id integer NOT NULL,
    uuid text NOT NULL,
    name text NOT NULL,
    created_at text NOT NULL,
    updated_at text
);
CREATE SEQUENCE xenfleet_aggregates_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE xenfleet_aggregates_id_seq OWNED BY xenfleet_aggregates.id;
CREATE TABLE xenfleet_hosts (
    uuid text NOT NULL,
    name text NOT NULL,
    first_seen text NOT NULL,
    last_seen text NOT NULL
);
CREATE TABLE xenfleet_locks (
    name text NOT NULL,
    token text NOT NULL,
    node text NOT NULL,
    machine text NOT NULL,
    pid integer NOT NULL,
    process_started text NOT NULL,
    purpose text NOT NULL,
    acquired_at text NOT NULL,
    expires_at text NOT NULL
);
CREATE TABLE xenfleet_maintenances (
    id integer NOT NULL,
    host_uuid text,
    host text NOT NULL,
    name text NOT NULL,
    phase text NOT NULL,
    service_disabled boolean NOT NULL,
    host_disabled boolean NOT NULL,
    started_at text NOT NULL,
    updated_at text NOT NULL,
    finished_at text
);
CREATE SEQUENCE xenfleet_maintenances_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE xenfleet_maintenances_id_seq OWNED BY xenfleet_maintenances.id;
CREATE TABLE xenfleet_migrations (
    id integer NOT NULL,
    maintenance_id integer,
    type text NOT NULL,
    status text NOT NULL,
    server_uuid text NOT NULL,
    server text NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    memory bigint NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL
);
CREATE SEQUENCE xenfleet_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE xenfleet_migrations_id_seq OWNED BY xenfleet_migrations.id;
CREATE TABLE xenfleet_schema (
    version integer NOT NULL,
    release text NOT NULL,
    applied_at text NOT NULL
);
CREATE TABLE xenfleet_services (
    host_uuid text NOT NULL,
    disabled boolean NOT NULL,
    disabled_reason text,
    forced_down boolean NOT NULL,
    updated_at text NOT NULL
);
ALTER TABLE ONLY xenfleet_aggregate_hosts ALTER COLUMN id SET DEFAULT nextval('xenfleet_aggregate_hosts_id_seq'::regclass);
ALTER TABLE ONLY xenfleet_aggregates ALTER COLUMN id SET DEFAULT nextval('xenfleet_aggregates_id_seq'::regclass);
ALTER TABLE ONLY xenfleet_maintenances ALTER COLUMN id SET DEFAULT nextval('xenfleet_maintenances_id_seq'::regclass);
ALTER TABLE ONLY xenfleet_migrations ALTER COLUMN id SET DEFAULT nextval('xenfleet_migrations_id_seq'::regclass);
INSERT INTO xenfleet_aggregate_hosts VALUES (1, 1, '0a5cbf1e-1111-4d4d-8b8b-000000000001');
INSERT INTO xenfleet_aggregate_metadata VALUES (1, 'availability_zone', 'zone-1');
INSERT INTO xenfleet_aggregates VALUES (1, '6a7ed5bb-19f5-4a75-b2db-97bdf7006017', 'edge', '2026-11-21T10:39:47Z', '2026-11-21T10:39:47Z');
INSERT INTO xenfleet_hosts VALUES ('0a5cbf1e-1111-4d4d-8b8b-000000000001', 'cmp-1', '2026-11-21T10:39:47Z', '2026-11-21T10:39:47Z');
INSERT INTO xenfleet_maintenances VALUES (1, '0a5cbf1e-1111-4d4d-8b8b-000000000001', 'cmp-1', 'disks', 'draining', false, false, '2026-11-21T10:39:47Z', '2026-11-21T10:39:47Z', NULL);
INSERT INTO xenfleet_migrations VALUES (1, 1, 'live-migration', 'completed', '0a5cbf1e-2222-4d4d-8b8b-000000000001', 'web1', 'cmp-1', 'cmp-2', 1073741824, '2026-11-21T10:39:47Z', '2026-11-21T10:39:47Z');
INSERT INTO xenfleet_schema VALUES (1, '0.1.0', '2026-11-21T10:39:47Z');
INSERT INTO xenfleet_schema VALUES (2, '0.1.0', '2026-11-21T10:39:47Z');
INSERT INTO xenfleet_services VALUES ('0a5cbf1e-1111-4d4d-8b8b-000000000001', true, 'new disks', false, '2026-11-21T10:39:47Z');
SELECT pg_catalog.setval('xenfleet_aggregate_hosts_id_seq', 1, true);
SELECT pg_catalog.setval('xenfleet_aggregates_id_seq', 1, true);
SELECT pg_catalog.setval('xenfleet_maintenances_id_seq', 1, true);
SELECT pg_catalog.setval('xenfleet_migrations_id_seq', 1, true);
ALTER TABLE ONLY xenfleet_aggregate_hosts
    ADD CONSTRAINT xenfleet_aggregate_hosts_aggregate_id_host_uuid_key UNIQUE (aggregate_id, host_uuid);
ALTER TABLE ONLY xenfleet_aggregate_hosts
    ADD CONSTRAINT xenfleet_aggregate_hosts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY xenfleet_aggregate_metadata
    ADD CONSTRAINT xenfleet_aggregate_metadata_pkey PRIMARY KEY (aggregate_id, key);
ALTER TABLE ONLY xenfleet_aggregates
    ADD CONSTRAINT xenfleet_aggregates_name_key UNIQUE (name);
ALTER TABLE ONLY xenfleet_aggregates
    ADD CONSTRAINT xenfleet_aggregates_pkey PRIMARY KEY (id);
ALTER TABLE ONLY xenfleet_aggregates
    ADD CONSTRAINT xenfleet_aggregates_uuid_key UNIQUE (uuid);
ALTER TABLE ONLY xenfleet_hosts
    ADD CONSTRAINT xenfleet_hosts_name_key UNIQUE (name);
ALTER TABLE ONLY xenfleet_hosts
    ADD CONSTRAINT xenfleet_hosts_pkey PRIMARY KEY (uuid);
ALTER TABLE ONLY xenfleet_locks
    ADD CONSTRAINT xenfleet_locks_pkey PRIMARY KEY (name);
ALTER TABLE ONLY xenfleet_locks
    ADD CONSTRAINT xenfleet_locks_token_key UNIQUE (token);
ALTER TABLE ONLY xenfleet_maintenances
    ADD CONSTRAINT xenfleet_maintenances_pkey PRIMARY KEY (id);
ALTER TABLE ONLY xenfleet_migrations
    ADD CONSTRAINT xenfleet_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY xenfleet_schema
    ADD CONSTRAINT xenfleet_schema_pkey PRIMARY KEY (version);
ALTER TABLE ONLY xenfleet_services
    ADD CONSTRAINT xenfleet_services_pkey PRIMARY KEY (host_uuid);
CREATE INDEX ix_xenfleet_migrations_maintenance_id ON xenfleet_migrations USING btree (maintenance_id);
ALTER TABLE ONLY xenfleet_aggregate_hosts
    ADD CONSTRAINT xenfleet_aggregate_hosts_aggregate_id_fkey FOREIGN KEY (aggregate_id) REFERENCES xenfleet_aggregates(id);
ALTER TABLE ONLY xenfleet_aggregate_hosts
    ADD CONSTRAINT xenfleet_aggregate_hosts_host_uuid_fkey FOREIGN KEY (host_uuid) REFERENCES xenfleet_hosts(uuid) ON DELETE CASCADE;
ALTER TABLE ONLY xenfleet_aggregate_metadata
    ADD CONSTRAINT xenfleet_aggregate_metadata_aggregate_id_fkey FOREIGN KEY (aggregate_id) REFERENCES xenfleet_aggregates(id) ON DELETE CASCADE;
ALTER TABLE ONLY xenfleet_migrations
    ADD CONSTRAINT xenfleet_migrations_maintenance_id_fkey FOREIGN KEY (maintenance_id) REFERENCES xenfleet_maintenances(id);
ALTER TABLE ONLY xenfleet_services
    ADD CONSTRAINT xenfleet_services_host_uuid_fkey FOREIGN KEY (host_uuid) REFERENCES xenfleet_hosts(uuid) ON DELETE CASCADE;
