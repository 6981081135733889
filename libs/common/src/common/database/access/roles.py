"""What each service's role may do in the database: what its code does, and no more.

Roles are made with the database (devstack, deploy/compose/postgres-roles.sh). Where there are none, as in installations
of before, all services share the one that owns the tables. The monitor's owns the log: it makes and drops its months.
"""

from sqlalchemy import Connection, text

GATEWAY, CONSOLE, SCORER, MONITOR, TRAINER = SERVICES = ("gateway", "console", "scorer", "monitor", "trainer")

READ = "SELECT"
TAKE = "SELECT, DELETE"
ADD = "SELECT, INSERT"
CHANGE = "SELECT, UPDATE"
KEEP = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"
COUNT = f"{ALL}, TRUNCATE"

RIGHTS: dict[str, dict[str, str]] = {
    "predictions": {GATEWAY: TAKE, CONSOLE: READ, MONITOR: ALL, TRAINER: READ},
    "actuals": {GATEWAY: ALL, CONSOLE: READ, MONITOR: ALL, TRAINER: READ},
    "erasures": {GATEWAY: KEEP, MONITOR: ALL, TRAINER: READ},
    "invalid_requests": {MONITOR: ALL},
    "cold_files": {MONITOR: ALL, TRAINER: READ},
    "model_metrics": {CONSOLE: READ, MONITOR: ALL, TRAINER: READ},
    "delivery_pace": {GATEWAY: READ, CONSOLE: READ, SCORER: READ, MONITOR: ALL, TRAINER: ALL},
    "pace_counts": {MONITOR: COUNT},
    "counted_orders": {MONITOR: COUNT},
    "pace_bases": {GATEWAY: READ, MONITOR: ALL},
    "replays": {GATEWAY: READ, CONSOLE: READ, SCORER: READ, MONITOR: ALL, TRAINER: READ},
    "marks": {MONITOR: ALL},
    "waiting_windows": {MONITOR: ALL},
    "impossible_actuals": {GATEWAY: TAKE, MONITOR: ALL},
    "alerts": {CONSOLE: CHANGE, MONITOR: ALL, TRAINER: READ},
    "orders_at_risk": {GATEWAY: TAKE, CONSOLE: READ, MONITOR: ALL},
    "notifications": {GATEWAY: TAKE, CONSOLE: READ, MONITOR: ALL},
    "batch_jobs": {GATEWAY: KEEP, CONSOLE: READ, SCORER: ALL, MONITOR: KEEP},
    "batch_chunks": {GATEWAY: READ, CONSOLE: READ, SCORER: ALL, MONITOR: READ},
    "batch_outputs": {GATEWAY: READ, CONSOLE: READ, SCORER: ALL, MONITOR: READ},
    "pace_snapshots": {SCORER: ALL},
    "model_events": {GATEWAY: ADD, CONSOLE: f"{ADD}, DELETE", MONITOR: READ, TRAINER: f"{ADD}, DELETE"},
    "retrainings": {CONSOLE: READ, MONITOR: KEEP, TRAINER: ALL},
    "acts": {GATEWAY: ADD, CONSOLE: ADD, MONITOR: ADD, TRAINER: ADD},
    "api_keys": {GATEWAY: f"{ADD}, UPDATE (revoked_at)", CONSOLE: READ, MONITOR: READ, TRAINER: READ},
}
"""By table. `gateway keys` makes and revokes keys, and nobody but the owner changes what is on record of it."""

LOG = "predictions"


def role(service: str) -> str:
    """The name of a service's role."""
    return f"delivery_time_{service}"


def grant(connection: Connection) -> None:
    """Let each service's role, where there is one, do just this; whatever it could do before is taken back."""
    names = {role(service): service for service in SERVICES}
    found = connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": [*names]})
    present = {names[name] for name in found}
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    for service in sorted(present):
        name = role(service)
        tables = ", ".join(table for table in RIGHTS if table != LOG)
        for statement in (
            f"REVOKE ALL ON {tables} FROM {name}",
            f"GRANT USAGE ON SCHEMA {schema} TO {name}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {name}",
        ):
            connection.execute(text(statement))
    for table, rights in RIGHTS.items():
        for service in sorted(present.intersection(rights)):
            connection.execute(text(f"GRANT {rights[service]} ON {table} TO {role(service)}"))
    if MONITOR in present:
        connection.execute(text(f"GRANT CREATE ON SCHEMA {schema} TO {role(MONITOR)}"))
        _give_the_log(connection, role(MONITOR))


def _give_the_log(connection: Connection, owner: str) -> None:
    others = connection.scalars(_NOT_OWNED, {"owner": owner}).all()
    for table in others:
        connection.execute(text(f"ALTER TABLE {table} OWNER TO {owner}"))


_NOT_OWNED = text(f"""
    SELECT oid::regclass::text FROM pg_class
    WHERE (oid = '{LOG}'::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '{LOG}'::regclass))
      AND pg_get_userbyid(relowner) <> :owner
""")  # noqa: S608 (a constant)
