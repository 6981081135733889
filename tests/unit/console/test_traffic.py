import httpx

from console.traffic import counted

EXPOSITION = """# TYPE gateway_requests_total counter
gateway_requests_total{route="/livez",status="200"} 112.0
gateway_requests_total{route="/delivery_time",status="200"} 10.0
gateway_requests_total{route="/delivery_time",status="503"} 2.0
gateway_requests_total{route="/delivery_times",status="422"} 3.0
gateway_request_seconds_count{route="/delivery_time"} 12.0
"""


def test_predictions_and_server_errors_are_counted_and_nothing_else() -> None:
    assert counted(httpx.Response(200, text=EXPOSITION)) == (15.0, 2.0)
