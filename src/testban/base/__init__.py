"""The law that every room obeys: records, ids, times, spans, geodesy, deterministic arithmetic, errors."""
