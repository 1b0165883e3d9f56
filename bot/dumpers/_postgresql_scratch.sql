-- name: drop
DROP DATABASE IF EXISTS {scratch} WITH (FORCE);
