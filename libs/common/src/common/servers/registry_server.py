"""MLflow by its REST interface: resolving an alias and fetching files is two calls.

MLflow's own client would bring pandas and more into every service.
"""

from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from common.addresses import SecretAddress
from common.errors import BundleMissing, NoChampion, NotFound, RegistryUnavailable
from common.servers import registry_answers as answers

Answer = TypeVar("Answer", bound=answers.Answer)

API = "/api/2.0/mlflow"
ARTIFACTS_API = "/api/2.0/mlflow-artifacts/artifacts"

MOST_BYTES = 512 * 2**20
"""Of a file, and of a bundle: more than whoever answers for the registry may fill the disk with."""


class RegistryServer:
    """The server, and one registered model in it. url: to be shown, without credentials.

    Every method raises RegistryUnavailable where the server is away, or answers as no MLflow does.
    """

    def __init__(self, address: SecretAddress, model: str) -> None:
        self.url = str(address)
        self._model = model
        self._http = httpx.Client(
            base_url=address.without_credentials,
            auth=address.credentials,
            timeout=httpx.Timeout(10.0, connect=2.0),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, route: str, kind: type[Answer], **query: str) -> Answer:
        """What a route says of the model; NoChampion where it is not there."""
        return self._get(f"{API}/{route}", kind, **query)

    def change(self, method: str, route: str, **body: str) -> None:
        """Change something of the model; what is not there (any more) is no error when it is to be deleted."""
        self._request(method, f"{API}/{route}", json={"name": self._model, **body})

    def artifact_root(self, version: str) -> str:
        """Where the files of a version lie behind the server's proxy; BundleMissing."""
        route = f"{API}/model-versions/get-download-uri"
        try:
            answer = self._get(route, answers.Artifacts, name=self._model, version=version)
        except NoChampion:
            raise BundleMissing(version) from None
        if answer.proxied_path is None:
            raise RegistryUnavailable(
                self.url, f"it keeps {answer.artifact_uri} outside its artifact proxy: start it with --serve-artifacts"
            )
        return answer.proxied_path

    def files(self, path: str) -> list[answers.File]:
        """The files in a folder of artifacts."""
        return self._get(ARTIFACTS_API, answers.Files, path=path).files

    def text(self, path: str) -> str:
        """An artifact that is a text; NotFound."""
        try:
            response = self._http.get(path)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(path)
        if response.is_error:
            raise RegistryUnavailable(self.url, _reason(response))
        return response.text

    def download(self, path: str, target: Path) -> None:
        """Write an artifact into a file."""
        try:
            with self._http.stream("GET", path) as response, target.open("wb") as file:
                if response.is_error:
                    response.read()
                    raise RegistryUnavailable(self.url, _reason(response))
                for block in response.iter_bytes():
                    if file.tell() > MOST_BYTES:
                        raise RegistryUnavailable(self.url, f"{path} has no end")
                    file.write(block)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error

    def upload(self, path: str, content: bytes) -> None:
        """Write an artifact, over one that is there."""
        self._request("PUT", path, content=content)

    def delete(self, path: str) -> None:
        """Delete a folder of artifacts."""
        self._request("DELETE", f"{ARTIFACTS_API}/{path}")

    def _request(self, method: str, path: str, **options: Any) -> None:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        gone = method == "DELETE" and response.status_code == httpx.codes.NOT_FOUND
        if not response.is_success and not gone:
            raise RegistryUnavailable(self.url, _reason(response))

    def _get(self, route: str, kind: type[Answer], **query: str) -> Answer:
        try:
            response = self._http.get(route, params=query)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        if _says_missing(response):
            raise NoChampion(self._model)
        if not response.is_success:
            raise RegistryUnavailable(self.url, _reason(response))
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise RegistryUnavailable(self.url, f"it answers as no MLflow does: {response.text[:60]!r}") from error


def _reason(response: httpx.Response) -> str:
    """What the server says of itself, e.g. which host names it takes."""
    if response.is_redirect:
        return f"status {response.status_code}: it sends us to {response.headers['location'][:200]}"
    return f"status {response.status_code}: {response.text[:200]!r}"


def _says_missing(response: httpx.Response) -> bool:
    if response.status_code not in (400, 404):
        return False
    code = answers.Failure.in_text(response.content).error_code
    return code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
