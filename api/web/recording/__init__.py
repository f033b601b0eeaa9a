"""Recording by forms: each form is described once, and read, shown and carried out by what its description says."""
