"""What the storefront, the functions and the jobs share at run time."""
