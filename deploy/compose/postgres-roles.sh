#!/bin/sh
# Run once, in an empty volume: a role and a database each for the services and for MLflow, and one for Grafana. What that
# may read, common.database.grafana grants with the tables. None of them is a superuser.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres \
  -v services="$DATABASE_PASSWORD" -v mlflow="$MLFLOW_DATABASE_PASSWORD" -v grafana="$GRAFANA_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE delivery_time LOGIN PASSWORD :'services';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE ROLE grafana LOGIN PASSWORD :'grafana';
GRANT delivery_time, mlflow TO CURRENT_USER;   -- whoever is no superuser may only then give databases to them
CREATE DATABASE delivery_time OWNER delivery_time;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE delivery_time FROM PUBLIC;
REVOKE CONNECT ON DATABASE mlflow FROM PUBLIC;
GRANT CONNECT ON DATABASE delivery_time TO grafana;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '15s';
SQL
