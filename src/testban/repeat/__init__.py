"""The watch on known sites: repeats of a known source, found by its own waveform and located beside it."""
