{{/* A StatefulSet of MySQL servers for global replication with its headless Service.
     dict "root" "name" "service" "label" "container" "replicas" "firstNodeId" "arguments" */}}
{{- define "rondb.replicationServers" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
spec:
  serviceName: {{ .service }}
  replicas: {{ int .replicas }}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      rondbService: {{ .label }}
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Delete
    whenScaled: Retain
  volumeClaimTemplates:
    {{- include "hw.claim" (dict "root" .root "name" "mysql-data-dir" "size" .root.Values.rondb.resources.storage.binlog) | nindent 4 }}
  template:
    metadata:
      labels:
        rondbService: {{ .label }}
    spec:
      {{- include "hw.podSettings" (dict "root" .root "at" (dict "nodeSelector" .root.Values.rondb.nodeSelector.mysqld "tolerations" .root.Values.rondb.tolerations.mysqld)) | nindent 6 }}
      serviceAccountName: {{ if include "rondb.backupId" .root }}restore-watcher-sa{{ else }}default{{ end }}
      initContainers:
        {{- with include "hw.volumePermissions" (dict "root" .root "volume" "mysql-data-dir") }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- include "rondb.waitDatanodes" .root | nindent 8 }}
        {{- if include "rondb.backupId" .root }}
        {{- include "rondb.waitJob" (dict "root" .root "container" "wait-restore-backup" "job" (include "rondb.restoreJob" .root) "minutes" (int .root.Values.rondb.timeoutsMinutes.restoreNativeBackup)) | nindent 8 }}
        {{- end }}
      containers:
        - name: {{ .container }}
          {{- include "rondb.containerImage" .root | nindent 10 }}
          command: ["/bin/bash", "/scripts/mysqld.sh", {{ .firstNodeId | toString | quote }}{{ range .arguments }}, {{ . | quote }}{{ end }}]
          ports:
            - containerPort: 3306
          env:
            {{- include "rondb.podNameEnv" .root | nindent 12 }}
            {{- include "rondb.passwordEnv" .root | nindent 12 }}
          livenessProbe:
            exec:
              command: [mysqladmin, --no-defaults, --host=127.0.0.1, --connect-timeout=2, ping]
            initialDelaySeconds: 300
            timeoutSeconds: 5
          resources:
            {{- toYaml .root.Values.rondb.resources.mysqld | nindent 12 }}
          volumeMounts:
            - {name: rondb-scripts, mountPath: /scripts}
            - {name: mysqld-configs, mountPath: /etc/rondb}
            - {name: mysql-data-dir, mountPath: /srv/hops/mysql-cluster/mysql, subPath: data}
      volumes:
        {{- include "rondb.scriptsVolume" .root | nindent 8 }}
        - name: mysqld-configs
          configMap: {name: mysqld-configs}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .service }}
  namespace: {{ .root.Release.Namespace }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    rondbService: {{ .label }}
  ports:
    - {protocol: TCP, port: 3306, targetPort: 3306}
{{- end -}}
