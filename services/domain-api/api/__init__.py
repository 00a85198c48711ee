"""The API of a domain: what its folder declares (resources.py), over HTTP, from the domain's database."""
