{{- define "streams.labels" -}}
app.kubernetes.io/name: {{ .app }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "streams.meta" -}}
{{ include "streams.labels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "streams.image" -}}
{{- .root.Values.testImage | default (printf "%s/%s:%s" .root.Values.images.repository .app .root.Chart.AppVersion) | quote -}}
{{- end -}}

{{/* The services, as JSON: the key in the values, and the name behind the release's. */}}
{{- define "streams.components" -}}
{{- $of := list (dict "key" "hub" "app" "hub") -}}
{{- range $key, $app := dict "publisherHttpPoller" "publisher-http-poller" "publisherHttpPost" "publisher-http-post" "subscriberSse" "subscriber-sse" "subscriberWebhook" "subscriber-webhook" -}}
{{- if (index $.Values $key).enabled -}}
{{- $of = append $of (dict "key" $key "app" $app) -}}
{{- end -}}
{{- end -}}
{{- toJson $of -}}
{{- end -}}

{{- define "streams.podSettings" -}}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {runAsNonRoot: true, runAsUser: 1001, fsGroup: 1001, seccompProfile: {type: RuntimeDefault}}
{{- end -}}

{{- define "streams.containerSettings" -}}
securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
resources:
  requests: {cpu: 10m, memory: 32Mi}
  limits: {memory: 512Mi}
{{- end -}}

{{/* Which servers a service uses, and how. */}}
{{- define "streams.env" -}}
{{- $db := .Values.externalizedMariadb -}}
{{- $kafka := .Values.externalizedKafka -}}
{{- $protocol := ternary .Values.embeddedKafka.auth.clientProtocol $kafka.auth.clientProtocol .Values.embeddedKafka.enabled -}}
- name: DATABASE_HOST
  value: {{ ternary "streams-database" $db.host .Values.embeddedMariadb.enabled | quote }}
- name: DATABASE_PORT
  value: {{ ternary "3306" (toString $db.port) .Values.embeddedMariadb.enabled | quote }}
- name: DATABASE_NAME
  value: {{ ternary "streams" $db.db.name .Values.embeddedMariadb.enabled | quote }}
- name: DATABASE_USER
  value: {{ ternary "streams" $db.db.user .Values.embeddedMariadb.enabled | quote }}
- name: DATABASE_TLS
  value: {{ ternary .Values.embeddedMariadb.tls.enabled $db.tls.enabled .Values.embeddedMariadb.enabled | quote }}
- name: DATABASE_PASSWORD
  valueFrom: {secretKeyRef: {name: streams-database-passwords-secret, key: mariadb-password}}
- name: KAFKA_BOOTSTRAP_SERVERS
  value: {{ ternary "streams-kafka:9092" $kafka.bootstrapServers .Values.embeddedKafka.enabled | quote }}
- name: KAFKA_PROTOCOL
  value: {{ $protocol | quote }}
{{- if eq $protocol "sasl_tls" }}
- name: KAFKA_USERNAME
  value: {{ ternary "streams" $kafka.auth.clientUsername .Values.embeddedKafka.enabled | quote }}
- name: KAFKA_PASSWORD
  valueFrom: {secretKeyRef: {name: streams-kafka-passwords-secret, key: client-passwords}}
- name: KAFKA_TRUSTSTORE_PASSWORD
  valueFrom: {secretKeyRef: {name: streams-kafka-client-jks-secret, key: jks-password}}
{{- end }}
{{- end -}}

{{- define "streams.mounts" -}}
- {name: programs, mountPath: /programs, readOnly: true}
- {name: database, mountPath: /certificates/database, readOnly: true}
- {name: kafka, mountPath: /certificates/kafka, readOnly: true}
{{- end -}}

{{- define "streams.volumes" -}}
- name: programs
  configMap: {name: {{ .Release.Name }}-programs}
- name: database
  secret: {secretName: streams-database-secret, optional: true}
- name: kafka
  secret: {secretName: streams-kafka-client-jks-secret, optional: true}
{{- end -}}
