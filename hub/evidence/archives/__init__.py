"""Archives (档案): one certificate's whole life in one package that is verified without the hub.

`contents` gathers what is stored, `packing` decides who may have it and writes the zip. `verify_archive.py` and
`readme.txt` go into every package as they are; the first knows nothing of the hub's own code.
"""
