"""The catalogue of service items: read from an order or a sheet, compared with what is recorded, put in one act.

`reading.py` reads the members, `sheet.py` turns a sheet's rows into them, `putting.py` is the flow. What a pull makes
of an item is decided in `hub/decisions/authorisation.py` and told by `hub/steps/sharing/materials.py`.
"""
