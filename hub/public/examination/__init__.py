"""Examining what a person shows: anything this hub ever issued, told genuine or not, and how it stands.

1 `forms`      the bytes are recognised; nothing is verified, nothing of them is kept
  `documents`  a PDF, XML or picture is taken apart first, by a child without means: `reader` starts it, `reading_child`
               is it, `extracted` is what it may say
2 `proof`      seals, certs, notes and answers are held against the trust list (`listed`), never against what lies in
               the file; those of a document by `documents`
3 `offline`    the status is the delivery note's, or a status list's; or
  `online`     the registry is asked (`held`): was it issued, are these the bytes, how does it stand now
  `answered`   an answer to a predicate: are these the bytes it was given by
  `known`      gathers what the bytes alone tell
4 `report`     the one verdict of each (`hub/decisions/verification.py`) in words, the worst one first
Nothing is written. All but `online`, `held` and `answered` do without database and web, and text without what reads a
PDF.
"""
