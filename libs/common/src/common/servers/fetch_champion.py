"""`python -m common.servers.fetch_champion`: put the champion into REGISTRY_CACHE_DIR, from where services load it."""

import sys

from common.errors import DeliveryTimeError
from common.servers.registry import Registry
from common.settings import RegistrySettings, load


def main() -> None:
    try:
        settings = load(RegistrySettings)
        with Registry(settings) as registry:
            version = registry.resolve().version
            registry.bundle(version)
            registry.remember_champion(version)
    except DeliveryTimeError as error:
        sys.exit(str(error))
    sys.stdout.write(f"version {version} lies in {settings.cache_dir}\n")


if __name__ == "__main__":
    main()
