"""What is signed, logged and checked: notes, keys, log, witnesses, audit. Pure: bytes in, records out."""
