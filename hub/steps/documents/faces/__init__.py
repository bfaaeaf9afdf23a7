"""How a certificate looks: the pages of its document, drawn from the values a flow hands over."""
