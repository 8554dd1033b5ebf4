"""Packages, found rather than listed: `transpile`, and `backends` as `transpile.backends`."""

from setuptools import find_packages, setup

ROOTS = {"transpile": "transpile", "transpile.backends": "backends"}

setup(
    packages=[
        name
        for root, folder in ROOTS.items()
        for name in (root, *(f"{root}.{inner}" for inner in find_packages(folder)))
    ],
    package_dir=ROOTS,
)
