"""EQcorrscan's own correlation, timed by the Python of an environment that has it: best processor time in seconds.

Called by `bench.repeat` with a file of samples (n,) and templates (k, m), single precision; prints the time and the version.
One thread, its FFTW kernel with its default transform length and with shorter ones, of which the fastest counts.
"""

import sys
import time

import numpy as np


def main() -> None:
    """Time the kernel."""
    import eqcorrscan
    from eqcorrscan.utils import correlate

    given = np.load(sys.argv[1])
    samples, templates = given["samples"], given["templates"]
    best = np.inf
    for length in (None, 2**12, 2**13, 2**14, 2**15):
        for _ in range(5):
            start = time.process_time()
            correlate.fftw_normxcorr(
                templates.copy(), samples, [0] * len(templates), threaded=False, fft_len=length
            )
            best = min(best, time.process_time() - start)
    print(best, eqcorrscan.__version__)


if __name__ == "__main__":
    main()
