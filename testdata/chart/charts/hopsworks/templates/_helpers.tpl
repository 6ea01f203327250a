{{- define "hopsworks.veleroEnabled" -}}
{{- if and .Values.velero.backup.enabled (include "hw.backupsEnabled" .) -}}true{{- end -}}
{{- end -}}

{{/* 60d as Velero wants it: 1440h. */}}
{{- define "hopsworks.veleroTtl" -}}
{{- $ttl := .Values.global._hopsworks.backups.ttl | toString -}}
{{- if hasSuffix "d" $ttl -}}{{ mul 24 (trimSuffix "d" $ttl | atoi) }}h{{- else -}}{{ $ttl }}{{- end -}}
{{- end -}}
