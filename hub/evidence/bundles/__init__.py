"""Evidence bundles (共享证据包): all that proves one delivery, or one refusal, in one ASiC-E container.

`contents` gathers what is stored, `packing` signs the manifest and writes the container. `verify_bundle.py` and
`readme.txt` go into every bundle as they are; the first knows nothing of the hub's own code.
"""
