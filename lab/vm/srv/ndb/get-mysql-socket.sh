#!/bin/bash
sed -n 's/^socket *= *//p' /srv/hops/mysql-cluster/my.cnf | tail -n 1
