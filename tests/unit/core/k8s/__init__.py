"""The passes of `dm k8s-export`, over a small stack of three services (example.py) and against goldens."""
