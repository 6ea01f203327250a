#!/bin/bash
# Until this pod's own name leads to its own address in DNS (/etc/hosts always
# knows it): a node that comes too early is a stranger to the management server.
until [ "$(getent -s dns hosts "$(hostname -f)" | awk '{ print $1 }')" = "$(hostname -i | awk '{ print $1 }')" ]; do
  sleep 1
done
