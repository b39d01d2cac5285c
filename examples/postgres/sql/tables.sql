CREATE TABLE tripartite.meta(
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),
    format integer NOT NULL,
    oldest integer NOT NULL
);

CREATE SEQUENCE tripartite.versions;

CREATE TABLE tripartite.jobs(
    key text COLLATE "C" PRIMARY KEY,
    bytes bytea NOT NULL,
    due timestamptz,
    shard integer NOT NULL CHECK (shard BETWEEN 0 AND 65535),
    version bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX jobs_due ON tripartite.jobs(shard, due, key) WHERE due IS NOT NULL;

CREATE TABLE tripartite.log(
    log text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    id bytea NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (log, at, id),
    UNIQUE (log, id)
);

CREATE SEQUENCE tripartite.revisions;

CREATE TABLE tripartite.registers(
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE tripartite.settings(
    register integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (register, key)
);

CREATE TABLE tripartite.links(
    register integer NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    removed bigint,
    local text,
    base json,
    base_schema bytea,
    base_version bigint,
    shape integer,
    print bigint,
    kept json,
    seen bytea,
    policy bytea,
    synced bigint,
    missed bigint NOT NULL DEFAULT 0,
    deactivated boolean NOT NULL DEFAULT false,
    PRIMARY KEY (register, external_id)
) WITH (fillfactor = 80);

CREATE TABLE tripartite.shapes(
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    register integer NOT NULL,
    schema bytea NOT NULL,
    fields json NOT NULL
);

CREATE TABLE tripartite.conflicts(
    register integer NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    conflict json NOT NULL,
    why text NOT NULL,
    opened_run text NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (register, external_id, unit)
);

CREATE TABLE tripartite.runs(
    register integer NOT NULL,
    run text COLLATE "C" NOT NULL,
    seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    report json NOT NULL,
    PRIMARY KEY (register, run)
);

CREATE TABLE tripartite.keys(
    register integer NOT NULL,
    key bytea NOT NULL,
    local text COLLATE "C" NOT NULL,
    PRIMARY KEY (register, key, local)
);

CREATE INDEX keys_of ON tripartite.keys(register, local);

CREATE TABLE tripartite.unkeyed(
    register integer NOT NULL,
    local text COLLATE "C" NOT NULL,
    PRIMARY KEY (register, local)
);

CREATE TABLE tripartite.ruled_out(
    register integer NOT NULL,
    local text COLLATE "C" NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    PRIMARY KEY (register, local, external_id)
);

CREATE TABLE tripartite.approved(
    register integer NOT NULL,
    plan text NOT NULL,
    parts bytea NOT NULL,
    PRIMARY KEY (register, plan)
);
