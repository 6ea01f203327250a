#!/bin/sh
# Sourced before anything of Superset starts.
export PYTHONPATH="{{ .Values.superset.configMountPath }}${PYTHONPATH:+:$PYTHONPATH}"
