{{/* The id RonDB restores: its own, or else the global one. Empty where the generation cannot restore. */}}
{{- define "rondb.backupId" -}}
{{- if include "hw.isNative" . -}}
{{- .Values.rondb.restoreFromBackup.backupId | default .Values.global._hopsworks.restoreFromBackup.backupId | default "" -}}
{{- end -}}
{{- end -}}

{{- define "rondb.setupJob" -}}
{{ include "hw.markerName" (dict "root" . "name" "setup-mysqld-dont-remove" "id" (include "rondb.backupId" .)) }}
{{- end -}}
{{- define "rondb.restoreJob" -}}
{{ include "hw.markerName" (dict "root" . "name" "restore-native-backup" "id" (include "rondb.backupId" .)) }}
{{- end -}}

{{- define "rondb.containerImage" -}}
image: {{ include "hw.image" (dict "root" . "image" .Values.rondb.image) }}
imagePullPolicy: {{ .Values.global._hopsworks.imagePullPolicy }}
{{ include "hw.containerSecurity" . }}
{{- end -}}

{{- define "rondb.helperResources" -}}
resources:
  {{- toYaml .Values.rondb.resources.helper | nindent 2 }}
{{- end -}}

{{- define "rondb.podNameEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
- name: NAMESPACE
  value: {{ .Release.Namespace | quote }}
- name: MGMD_HOST
  value: {{ include "hw.mgmdHost" . }}
{{- end -}}

{{- define "rondb.rcloneEnv" -}}
{{ include "hw.s3Env" . }}
- name: RCLONE_CONFIG # read by rclone itself
  value: /home/hopsworks/rclone.conf
{{- end -}}

{{/* Where a restore reads: its own place, or else the cluster's storage. */}}
{{- define "rondb.restoreS3" -}}
{{- $s3 := include "hw.s3" . | fromJson -}}
{{- $own := .Values.rondb.restoreFromBackup.s3 -}}
{{- dict "bucket" ($own.bucketName | default $s3.bucket) "region" ($own.region | default $s3.region) "endpoint" ($own.endpoint | default $s3.endpoint) "sse" $s3.sse | toJson -}}
{{- end -}}

{{- define "rondb.restoreRcloneEnv" -}}
{{- $own := .Values.rondb.restoreFromBackup.s3 -}}
{{- if and $own.keyCredentialsSecret.name $own.secretCredentialsSecret.name -}}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {{ $own.keyCredentialsSecret | toJson }}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {{ $own.secretCredentialsSecret | toJson }}
- name: RCLONE_CONFIG
  value: /home/hopsworks/rclone.conf
{{- else -}}
{{ include "rondb.rcloneEnv" . }}
{{- end -}}
{{- end -}}

{{- define "rondb.passwordEnv" -}}
- name: MYSQL_ROOT_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .Values.rondb.mysql.credentialsSecretName }}, key: root}
{{- end -}}

{{/* First of all in every pod that needs the cluster: later time limits then count only their own work. */}}
{{- define "rondb.waitDatanodes" -}}
- name: wait-datanodes-dependency
  {{- include "rondb.containerImage" . | nindent 2 }}
  command: ["/bin/bash", "/scripts/wait_ndbmtds.sh"]
  env:
    - name: MGMD_HOST
      value: {{ include "hw.mgmdHost" . }}
  {{- include "rondb.helperResources" . | nindent 2 }}
  volumeMounts:
    - {name: rondb-scripts, mountPath: /scripts}
{{- end -}}

{{/* dict "root" "container" "job" "minutes" */}}
{{- define "rondb.waitJob" -}}
- name: {{ .container }}
  {{- include "hw.toolbox" .root | nindent 2 }}
  command: ["/bin/bash", "/scripts/wait_job.sh", {{ .job | quote }}, {{ .minutes | toString | quote }}]
  env:
    - name: NAMESPACE
      value: {{ .root.Release.Namespace | quote }}
  {{- include "rondb.helperResources" .root | nindent 2 }}
  volumeMounts:
    - {name: rondb-scripts, mountPath: /scripts}
{{- end -}}

{{- define "rondb.scriptsVolume" -}}
- name: rondb-scripts
  configMap: {name: rondb-scripts}
{{- end -}}

{{/* Spreads the old nodes' parts over the new nodes; sets PARTS[<new id>]="<old id> …". */}}
{{- define "rondb.mapParts" -}}
REMOTE={{ printf "restoreRemote:%s/%s" (include "rondb.restoreS3" . | fromJson).bucket .Values.rondb.restoreFromBackup.pathPrefix }}/$BACKUP_ID/rondb
OLD_IDS=($(rclone lsf --dirs-only "$REMOTE" | tr -d / | sort -n))
NEW_IDS=({{ range $g := until (int .Values.rondb.clusterSize.numNodeGroups) }}{{ range $r := until (int $.Values.rondb.clusterSize.activeDataReplicas) }} {{ add (mul $g 3) $r 1 }}{{ end }}{{ end }} )
declare -A PARTS
for i in "${!OLD_IDS[@]}"; do
  PARTS[${NEW_IDS[$((i % ${#NEW_IDS[@]}))]}]+="${OLD_IDS[$i]} "
done
{{- end -}}
