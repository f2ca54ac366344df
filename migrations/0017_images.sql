-- Images from registries: logins that buyers keep here, sealed, and how far a lease's image has come.

CREATE TABLE registry_logins (
    account  bigint NOT NULL,
    registry text NOT NULL CHECK (octet_length(registry) BETWEEN 1 AND 255),
    sealed   bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 49 AND 16384),
    put_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, registry)
);
COMMENT ON TABLE registry_logins IS 'User names and passwords for registries, sealed to the market by their owners (common/sign/login.h).';
COMMENT ON COLUMN registry_logins.registry IS 'As it stands in front of an image: host, and port if one is given.';
COMMENT ON COLUMN registry_logins.sealed IS 'As it came. It opens with seal.key of the state folder, for this account and registry alone.';
COMMENT ON COLUMN registry_logins.put_at IS 'When it came.';

CREATE TABLE lease_images (
    lease       bigint PRIMARY KEY,
    phase       bigint NOT NULL CHECK (phase BETWEEN 0 AND 2),
    done_bytes  bigint NOT NULL CHECK (done_bytes >= 0),
    total_bytes bigint NOT NULL CHECK (total_bytes >= -1),
    told_at     timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE lease_images IS 'How far the image of a lease has come, as the last heartbeat said.';
COMMENT ON COLUMN lease_images.phase IS '0 waiting for its turn or for the registry, 1 downloading, 2 being unpacked.';
COMMENT ON COLUMN lease_images.done_bytes IS 'Of what is compressed.';
COMMENT ON COLUMN lease_images.total_bytes IS 'As far as it is known; -1: not at all.';

GRANT SELECT, INSERT, UPDATE, DELETE ON registry_logins, lease_images TO bourse_app;
GRANT SELECT ON lease_images TO bourse_auditor;
