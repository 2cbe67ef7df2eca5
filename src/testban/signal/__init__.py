"""Kernels that several rooms call: filters, spectra, frequency-wavenumber analysis."""
