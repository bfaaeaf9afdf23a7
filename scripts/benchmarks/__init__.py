"""What `scripts/benchmark.py` measures with: an installation, its load, its rows and its table."""
