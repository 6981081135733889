"""`python -m devstack.demo`, as `make demo` calls it."""

from devstack.demo.steps import main

main()
