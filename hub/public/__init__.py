"""What anybody may ask: a code, a printed copy, a file to verify, the lists to verify with."""
