"""Bulk intake: a file of certificates, signed by its issuing body or collected as it was published.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; it binds the file's digest
  (`admission.py`)
2 the file is received, encrypted as it comes, and must have that digest (`spool.py`)
3 a worker takes the intake with a lease and reads the file through once, so that a file that is cut, or has a column
  nobody knows, does nothing at all (`run.py`)
4 each row is read, and decided against what the registry holds (`forms.py`, `decision.py`)
5 what is not issued is recorded, and what is issued is committed as an intention, in one transaction that says how far
  the file has come; the intentions are sealed and committed with their rows (`issuance.py`)             <- COMMIT POINT
6 what waits for a person is told to whom it concerns (`queue.py`), the outcome is closed and the spooled file deleted

A crash at any place leaves no row undone and none done twice: after 5's first transaction each row up to `rows_done` is
recorded or stands in an intention, which whoever completes it tells the outcome of. A dry run does 3 and 4, and
records what would be done; after a crash it begins again. Rows of a penalty file seal nothing: each batch is one
transaction that opens their tasks (`penalties.py`). A whole intake is undone by `undo.py`.
"""
