"""What becomes of certificates by any act: planned, sealed, recorded, answers composed anew."""
