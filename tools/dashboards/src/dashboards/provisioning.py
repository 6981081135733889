"""Data sources and the dashboards' provider in Grafana's provisioning format."""

from dashboards.alerting import FOLDER
from dashboards.panels import POSTGRES, PROMETHEUS
from dashboards.runbook import Json


def data_sources() -> Json:
    """provisioning/datasources/datasources.yaml; Grafana fills in its environment variables."""
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Postgres",
                **POSTGRES,
                "access": "proxy",
                "url": "${GRAFANA_DATABASE_HOST}",
                "user": "${GRAFANA_DATABASE_USER}",
                "secureJsonData": {"password": "${GRAFANA_DATABASE_PASSWORD}"},
                "jsonData": {
                    "database": "${GRAFANA_DATABASE_NAME}",
                    "sslmode": "disable",
                    "postgresVersion": 1500,
                    "timescaledb": False,
                    "maxOpenConns": 5,
                },
                "isDefault": True,
                "editable": False,
            },
            {
                "name": "Prometheus",
                **PROMETHEUS,
                "access": "proxy",
                "url": "${GRAFANA_PROMETHEUS_URL}",
                "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
                "editable": False,
            },
        ],
    }


def dashboard_provider() -> Json:
    """provisioning/dashboards/dashboards.yaml: the folder of dashboards, read-only."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "delivery-time",
                "folder": FOLDER,
                "type": "file",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "options": {"path": "/var/lib/grafana/dashboards"},
            }
        ],
    }
