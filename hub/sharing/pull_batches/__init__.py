"""Files of pulls: thousands of holders of one item, asked for under one signed order and worked through by night.

1 the order is verified: it binds the file's digest, the item, the basis, the types and fields; it is entered as an act
2 the file is received, encrypted, and kept when its digest is the one that was signed                 (`admission.py`)
3 by night, under a lease, its rows are read; each is the pull that it asks for                            (`rows.py`)
4 a batch of rows is decided, each at its own moment: decisions, entries, uses and the rows they belong to are
  committed together, within what the system may ask for in a night                                         (`run.py`)
5 what is allowed goes through steps 5 to 8 of `hub/sharing/exchange.py`: delivery, its entry and what is told of the
  row are committed together                                                                      <- COMMIT POINT
6 the results are fetched, by the system that ordered them, until their term is over; each fetch is entered
                                                                                                       (`results.py`)

A crash between 4 and 5 leaves rows that are decided: whoever takes the file up next delivers them on that decision, or
says that their use lapsed. No row is decided twice: how far a file has come is committed with its decisions.
"""
