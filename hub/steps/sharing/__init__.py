"""What every pull and every line of the sharing table goes through."""
