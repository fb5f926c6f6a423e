"""The trial sheet: what is printed, what its scan says of the machines."""
