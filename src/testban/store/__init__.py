"""What is kept: the catalogue of finished units and bulletins."""

from testban.store.catalogue import Catalogue

__all__ = ["Catalogue"]
