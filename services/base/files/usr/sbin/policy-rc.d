#!/bin/sh
# 101 = not allowed: a package that is installed into an image must not start its daemon.
exit 101
