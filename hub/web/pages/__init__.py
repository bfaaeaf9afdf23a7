"""Pages: what people see of the hub, drawn from the same answers that machines get."""
