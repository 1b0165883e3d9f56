-- name: ledger
-- Has any version of Tocsin been here?
SELECT to_regclass('migrations') IS NOT NULL AS kept;
