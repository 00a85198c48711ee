"""From the resolved Compose model and kompose's draft to Kubernetes objects: ordered pure passes, one file each."""
