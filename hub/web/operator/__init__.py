"""Pages of the operator, and of the head of a department: figures, sheets and how the hub stands; read alone."""
