"""What people look at: the report in two languages, its maps and plots, and plain-text tables.

Rules: a report is one file that needs no network; every text of it stands in English and in Russian as equals;
every foreign string is escaped; nothing here computes a number that a decision rests on.
"""
