"""What a department's people and systems meet: who calls, who sits at a window, what waits for them."""
