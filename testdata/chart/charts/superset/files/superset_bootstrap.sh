#!/bin/sh
# Sourced before anything of Superset starts.
export FLASK_APP=superset PYTHONPATH="{{ .Values.superset.configMountPath }}${PYTHONPATH:+:$PYTHONPATH}"
