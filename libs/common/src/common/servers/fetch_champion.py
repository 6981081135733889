"""`python -m common.servers.fetch_champion`: put the champion into REGISTRY_CACHE_DIR, from where services load it."""

import argparse
import sys

from common.command_line import run
from common.servers.registry import Registry
from common.settings import RegistrySettings, load


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="fetch_champion", description="Put the champion into REGISTRY_CACHE_DIR.")
    parser.set_defaults(run=_fetch)
    run(parser)


def _fetch(_: argparse.Namespace) -> None:
    settings = load(RegistrySettings)
    with Registry(settings) as registry:
        version = registry.resolve().version
        registry.bundle(version)
        registry.remember_champion(version)
    sys.stdout.write(f"version {version} lies in {settings.cache_dir}\n")


if __name__ == "__main__":
    main()
