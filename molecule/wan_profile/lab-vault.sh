#!/bin/sh
# The vault password of the lab, which exists only while the lab does.
cat "$(dirname "$0")/../../build/lab/vault-password" 2>/dev/null || echo the-lab-is-down
