{{- define "hopsfs.env" -}}
- name: RONDB_HOST
  value: {{ include "hw.mysqldHost" . }}
- name: RONDB_PORT
  value: "3306"
- name: RONDB_USER
  value: {{ .Values.rondb.user }}
- name: RONDB_DATABASE
  value: {{ .Values.rondb.database }}
- name: RONDB_PASSWORD
  valueFrom:
    secretKeyRef: {name: mysql-passwords, key: {{ .Values.rondb.user }}}
{{- if include "hopsfs.objectStorage" . }}
{{ include "hw.s3Env" . }}
- name: S3_PREFIX
  value: {{ .Values.objectStorage.s3.blockPrefix }}
- name: S3_VERSIONING
  value: {{ kindIs "bool" .Values.s3.bucket.versioning | ternary .Values.s3.bucket.versioning (ne (include "hw.backupsEnabled" .) "") | quote }}
{{- end }}
{{- end -}}

{{- define "hopsfs.objectStorage" -}}
{{- if kindIs "bool" .Values.objectStorage.enabled -}}
{{- if .Values.objectStorage.enabled -}}true{{- end -}}
{{- else if ne (include "hw.s3" .) "{}" -}}true{{- end -}}
{{- end -}}

{{/* Whether the name node rolls deleted blocks back. */}}
{{- define "hopsfs.rollsBack" -}}
{{- if kindIs "bool" .Values.objectStorage.restoreFromBackup -}}
{{- if and (include "hw.isNative" .) .Values.objectStorage.restoreFromBackup -}}true{{- end -}}
{{- else if include "hw.backupId" . -}}true{{- end -}}
{{- end -}}
