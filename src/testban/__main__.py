"""`python -m testban` is `testban`."""

from testban.cli import main

if __name__ == "__main__":
    main()
