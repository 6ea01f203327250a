{{- define "superset.fullname" -}}
{{ .Values.superset.fullnameOverride }}
{{- end -}}

{{/* MySQL's StatefulSet and Service. */}}
{{- define "superset.mysqlName" -}}
{{ .Release.Name }}-mysql
{{- end -}}

{{- define "superset.image" -}}
{{ .Values.superset.image.repository }}:{{ .Values.superset.image.tag }}
{{- end -}}

{{- define "superset.mysqlSelector" -}}
app.kubernetes.io/name: mysql
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: primary
{{- end -}}
{{- define "superset.mysqlLabels" -}}
{{ include "superset.mysqlSelector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: mysql
helm.sh/chart: mysql-12.3.5
{{- end -}}

{{- define "superset.mysqlContainer" -}}
{{- with .Values.mysql.image -}}
image: {{ .registry }}/{{ .repository }}:{{ .tag }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}
{{- end -}}

{{/* dict "root" "app" */}}
{{- define "superset.labels" -}}
app: {{ .app }}
chart: superset-0.15.0
release: {{ .root.Release.Name }}
heritage: {{ .root.Release.Service }}
{{- end -}}

{{/* What runs of Superset, as JSON. No replicas: the manifest does not say how many. */}}
{{- define "superset.components" -}}
{{- $s := .Values.superset -}}
{{- $list := list -}}
{{- range $key, $suffix := dict "supersetNode" "" "supersetWorker" "-worker" -}}
{{- $of := index $s $key -}}
{{- $list = append $list (dict "key" $key "suffix" $suffix "container" "superset" "replicas" ($of.replicas.enabled | ternary $of.replicas.replicaCount nil)) -}}
{{- end -}}
{{- if $s.supersetCeleryBeat.enabled -}}
{{- $list = append $list (dict "key" "supersetCeleryBeat" "suffix" "-celerybeat" "container" "superset-celerybeat" "replicas" 1) -}}
{{- end -}}
{{- range $key, $suffix := dict "supersetCeleryFlower" "-flower" "supersetWebsockets" "-ws" -}}
{{- $of := index $s $key -}}
{{- if $of.enabled -}}
{{- $list = append $list (dict "key" $key "suffix" $suffix "container" (printf "superset%s" $suffix) "replicas" $of.replicaCount) -}}
{{- end -}}
{{- end -}}
{{- $list | toJson -}}
{{- end -}}

{{/* In every container of Superset's own image. */}}
{{- define "superset.container" -}}
image: {{ include "superset.image" . | quote }}
imagePullPolicy: {{ .Values.superset.image.pullPolicy }}
{{ include "hw.containerSecurity" . }}
envFrom:
  - secretRef: {name: {{ include "superset.fullname" . }}-env}
env:
  - name: SUPERSET_PORT
    value: {{ int .Values.superset.service.port | quote }}
  {{- range $name, $value := .Values.superset.extraEnv }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  - name: SUPERSET_USER
    valueFrom: {secretKeyRef: {name: {{ .Values.auth.adminUserSecret }}, key: username}}
  - name: SUPERSET_PASS
    valueFrom: {secretKeyRef: {name: {{ .Values.auth.adminUserSecret }}, key: password}}
  {{- include "superset.passwordEnv" . | nindent 2 }}
  {{- include "superset.keyEnv" . | nindent 2 }}
volumeMounts:
  - {name: superset-config, mountPath: {{ .Values.superset.configMountPath }}, readOnly: true}
{{- end -}}

{{- define "superset.passwordEnv" -}}
- name: DB_PASS
  valueFrom: {secretKeyRef: {name: {{ .Values.auth.mysqlUserSecretName }}, key: mysql-password}}
{{- end -}}
{{- define "superset.keyEnv" -}}
- name: SUPERSET_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.auth.secretKeySecretName }}, key: secret-key}}
{{- end -}}

{{/* dict "root" "name" */}}
{{- define "superset.waitForDatabase" -}}
- name: {{ .name }}
  image: {{ .root.Values.superset.initImage.repository }}:{{ .root.Values.superset.initImage.tag }}
  imagePullPolicy: {{ .root.Values.superset.initImage.pullPolicy }}
  {{- include "hw.containerSecurity" .root | nindent 2 }}
  command: ["/bin/sh", "-c", "exec dockerize -wait \"tcp://$DB_HOST:$DB_PORT\" -timeout 120s"]
  envFrom:
    - secretRef: {name: {{ include "superset.fullname" .root }}-env}
  resources:
    {{- toYaml .root.Values.helperResources | nindent 4 }}
{{- end -}}

{{- define "superset.configVolume" -}}
- name: superset-config
  secret: {secretName: {{ include "superset.fullname" . }}-config}
{{- end -}}

{{- define "superset.backupEnabled" -}}
{{- if and .Values.backups.enabled (include "hw.backupsEnabled" .) -}}true{{- end -}}
{{- end -}}

{{/* A chart that cannot restore does not look at it. */}}
{{- define "superset.restoreEnabled" -}}
{{- if and (.Values.global._hopsworks.restoreFromBackup.superset).enabled (or .Values.testRestores (ne .Values.global._hopsworks.testGeneration "none")) -}}true{{- end -}}
{{- end -}}

{{/* Where backups lie, and the credentials. */}}
{{- define "superset.bucketEnv" -}}
{{- $s3 := include "hw.s3" . | fromJson -}}
- name: NAMESPACE
  value: {{ .Release.Namespace | quote }}
- name: REMOTE
  value: backupRemote:{{ $s3.bucket }}/{{ .Values.backups.pathPrefix }}
- name: BACKUP_PREFIX
  value: {{ .Values.backups.pathPrefix }}
- name: RCLONE_CONFIG # read by rclone itself
  value: /home/hopsworks/rclone.conf
{{ include "hw.s3Env" . }}
{{- end -}}

{{/* A step in the toolbox, and one in MySQL's image: dict "root" "name" "script" "env" "work". */}}
{{- define "superset.toolboxStep" -}}
- name: {{ .name }}
  {{- include "hw.toolbox" .root | nindent 2 }}
  command: ["/bin/bash", "/scripts/{{ .script }}"]
  env:
    {{- .env | nindent 4 }}
  resources:
    {{- toYaml .root.Values.helperResources | nindent 4 }}
  volumeMounts:
    - {name: superset-scripts, mountPath: /scripts}
    - {name: work, mountPath: {{ .work }}}
    - {name: superset-rclone-configs, mountPath: /home/hopsworks/rclone.conf, subPath: rclone.conf}
{{- end -}}
{{- define "superset.mysqlStep" -}}
- name: {{ .name }}
  {{- include "superset.mysqlContainer" .root | nindent 2 }}
  {{- include "hw.containerSecurity" .root | nindent 2 }}
  command: ["/bin/bash", "/scripts/{{ .script }}"]
  envFrom:
    - secretRef: {name: {{ include "superset.fullname" .root }}-env}
  env:
    {{- include "superset.passwordEnv" .root | nindent 4 }}
  resources:
    {{- toYaml .root.Values.helperResources | nindent 4 }}
  volumeMounts:
    - {name: superset-scripts, mountPath: /scripts}
    - {name: work, mountPath: {{ .work }}}
{{- end -}}
{{- define "superset.stepVolumes" -}}
- name: superset-scripts
  configMap: {name: superset-scripts}
- name: superset-rclone-configs
  configMap: {name: superset-rclone-configs}
- name: work # the dump, and what the steps hand to each other
  emptyDir: {sizeLimit: {{ .Values.backups.tmpSizeLimit }}}
{{- end -}}
