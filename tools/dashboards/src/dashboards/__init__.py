"""Grafana as code: dashboards and alert rules as Python data, written to the folder grafana/ by `write`."""
