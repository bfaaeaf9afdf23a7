"""Keeping the hub itself: installed, backed up, recovered, its keys ended, what is past its term erased."""
