-- The owner has no login; the service's role is the ingest's system user (peer authentication on the socket).
SELECT 'CREATE ROLE rekamatan_owner NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rekamatan_owner') \gexec
SELECT 'CREATE ROLE rekamatan LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rekamatan') \gexec
SELECT 'CREATE DATABASE rekamatan OWNER rekamatan_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'rekamatan') \gexec
REVOKE ALL ON DATABASE rekamatan FROM PUBLIC;
GRANT CONNECT ON DATABASE rekamatan TO rekamatan;
