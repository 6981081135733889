#!/bin/sh
# Makes what is not there yet: the roles that own the two databases, one for each service, and Grafana's. Gives each the
# password of the environment: run again after an upgrade, or to change them. None of them is a superuser. What services
# and Grafana may do, common.database.access grants with the tables.
set -eu
run() { psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres "$@"; }

role() {
  run -v name="$1" -v password="$2" <<'SQL'
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" LOGIN PASSWORD :'password';
SQL
}

database() {
  run -v name="$1" <<'SQL'
GRANT :"name" TO CURRENT_USER;   -- whoever is no superuser may only then give a database to it
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

role delivery_time "$DATABASE_PASSWORD"
role mlflow "$MLFLOW_DATABASE_PASSWORD"
role grafana "$GRAFANA_DATABASE_PASSWORD"
role delivery_time_gateway "$GATEWAY_DATABASE_PASSWORD"
role delivery_time_console "$CONSOLE_DATABASE_PASSWORD"
role delivery_time_scorer "$SCORER_DATABASE_PASSWORD"
role delivery_time_monitor "$MONITOR_DATABASE_PASSWORD"
role delivery_time_trainer "$TRAINER_DATABASE_PASSWORD"
database delivery_time
database mlflow
run <<'SQL'
GRANT CONNECT ON DATABASE delivery_time TO grafana, delivery_time_gateway, delivery_time_console, delivery_time_scorer, delivery_time_monitor, delivery_time_trainer;
GRANT delivery_time_monitor TO delivery_time;   -- which owns the log: it makes and drops its months
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '15s';
SQL
