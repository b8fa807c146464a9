"""What preflight looks at, one module for each kind of thing that stops a deployment."""
