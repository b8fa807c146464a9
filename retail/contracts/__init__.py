"""What the templates and the running code agree on. Standard library only: it ships in every zip, image and job."""
