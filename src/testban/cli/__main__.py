"""`python -m testban.cli`."""

from testban.cli import main

main()
