#!/bin/bash
# Until this pod's own name leads to its own address: a node that comes too
# early is taken for a stranger by the management server.
until [ "$(getent hosts "$(hostname -f)" | awk '{ print $1 }')" = "$(hostname -i | awk '{ print $1 }')" ]; do
  sleep 1
done
