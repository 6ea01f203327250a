{{- define "olk.url" -}}
{{ .Values.opensearch.protocol }}://{{ .Values.opensearch.name }}.{{ .Release.Namespace }}.svc.cluster.local:{{ int .Values.opensearch.port }}
{{- end -}}

{{- define "olk.clientEnv" -}}
- name: NAMESPACE
  value: {{ .Release.Namespace | quote }}
- name: OPENSEARCH_URL
  value: {{ include "olk.url" . }}
- name: OPENSEARCH_USER
  value: admin
- name: OPENSEARCH_PASSWORD
  valueFrom:
    secretKeyRef: {name: opensearch-users-secrets, key: admin}
{{- end -}}

{{- define "olk.clientMounts" -}}
- {name: opensearch-scripts, mountPath: /scripts}
- {name: opensearch-repositories, mountPath: /etc/repositories}
{{- end -}}

{{- define "olk.clientVolumes" -}}
- name: opensearch-scripts
  configMap: {name: opensearch-scripts}
- name: opensearch-repositories
  configMap: {name: opensearch-repositories}
{{- end -}}

{{- define "olk.pod" -}}
{{- include "hw.podSettings" (dict "root" . "at" .Values.opensearch) }}
{{- end -}}

{{- define "olk.backupEnabled" -}}
{{- if kindIs "bool" .Values.opensearch.backup.enabled -}}
{{- if and .Values.opensearch.backup.enabled (ne (include "hw.s3" .) "{}") -}}true{{- end -}}
{{- else -}}
{{- include "hw.backupsEnabled" . -}}
{{- end -}}
{{- end -}}
