"""The gateway's HTTP routes, asked with the visitor's own key."""

from typing import Any

import httpx

from common.errors import DeliveryTimeError, Unavailable
from console.access.visitor import Visitor

SECONDS = 20.0


class GatewayAway(Unavailable):
    """No HTTP answer came, whatever the reason."""

    def __init__(self, url: str, cause: object) -> None:
        super().__init__(f"the gateway at {url} does not answer ({cause})")


class Refused(DeliveryTimeError):
    """The gateway's problem details; `fields` are its words about single fields of the body."""

    title = "Refused"

    def __init__(self, status: int, detail: str, fields: list[str]) -> None:
        self.status = status
        self.fields = fields
        super().__init__(detail)


class Gateway:
    """One gateway, or the balancer in front of several. Raises GatewayAway and Refused."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url, timeout=httpx.Timeout(SECONDS, connect=2.0), trust_env=False, follow_redirects=False
        )

    async def get(self, visitor: Visitor | None, path: str, **query: Any) -> httpx.Response:
        """The answer to GET; parameters that are None are left out."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return await self._send(visitor, "GET", path, params=wanted)

    async def post(
        self, visitor: Visitor, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """The answer to POST with a JSON body."""
        return await self._send(visitor, "POST", path, json=body, headers=headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(self, visitor: Visitor | None, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", None) or {})
        if visitor and visitor.key:
            headers["Authorization"] = f"Bearer {visitor.key.get_secret_value()}"
        try:
            response = await self._http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise GatewayAway(self.url, str(error) or type(error).__name__) from error
        if response.is_error:
            raise _refused(response)
        return response


def _refused(response: httpx.Response) -> Refused:
    try:
        problem = response.json()
        fields = [str(each["detail"]) for each in problem.get("errors", [])]
        return Refused(response.status_code, str(problem["detail"]), fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(response.status_code, f"the gateway answers with status {response.status_code}", [])
