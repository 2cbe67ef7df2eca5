"""Bytes to records and back: waveforms, inventories, tables and bulletins. A door; it opens no socket."""

from testban.formats import inventory, tables, waveforms

__all__ = ["inventory", "tables", "waveforms"]
