"""Pages of a department's officers: they sign in once a shift, and the workplace's own key signs what they order."""
