"""The keys of the database secret's JSON: the security stack writes them, the storefront and functions read them."""

USERNAME = "username"
PASSWORD = "password"
