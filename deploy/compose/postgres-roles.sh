#!/bin/sh
# Run once, in an empty volume: a role and a database each for the services and for MLflow, and a role that may only
# read the metrics, for Grafana. None of them is a superuser.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres \
  -v services="$DATABASE_PASSWORD" -v mlflow="$MLFLOW_DATABASE_PASSWORD" -v grafana="$GRAFANA_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE delivery_time LOGIN PASSWORD :'services';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE ROLE grafana LOGIN PASSWORD :'grafana';
CREATE DATABASE delivery_time OWNER delivery_time;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE delivery_time FROM PUBLIC;
REVOKE CONNECT ON DATABASE mlflow FROM PUBLIC;
GRANT CONNECT ON DATABASE delivery_time TO grafana;
\connect delivery_time
GRANT USAGE ON SCHEMA public TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE delivery_time IN SCHEMA public GRANT SELECT ON TABLES TO grafana;
SQL
