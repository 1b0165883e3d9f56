-- name: drop_own
DROP DATABASE IF EXISTS sandbox WITH (FORCE);

-- name: create_own
CREATE DATABASE sandbox;

-- name: drop_orders
DROP DATABASE IF EXISTS orders WITH (FORCE);

-- name: create_orders
CREATE DATABASE orders;

-- name: create_table
CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, pence int NOT NULL);

-- name: fill_table
INSERT INTO orders SELECT n, 'customer ' || n %% 40, 500 + n * 7 %% 9000 FROM generate_series(1, 2000) AS n;
