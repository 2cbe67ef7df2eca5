"""The earth: travel times, corrections to them, amplitude decay, noise models and instrument response."""
