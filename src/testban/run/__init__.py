"""The order of rooms: get, run, put; nothing here computes a seismological number."""
