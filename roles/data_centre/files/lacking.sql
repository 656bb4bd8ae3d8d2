SELECT wanted FROM (VALUES ('rekamatan_owner'), ('rekamatan')) AS role (wanted)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted)
UNION ALL
SELECT wanted FROM (VALUES ('rekamatan')) AS db (wanted)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = wanted);
