"""What an enterprise signs: the sentence drafted, the right of who signed, and what the other side would see."""
