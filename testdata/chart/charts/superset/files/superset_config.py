import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
WTF_CSRF_ENABLED = True
{{- range $name, $lines := .Values.superset.configOverrides }}

# {{ $name }}
{{ tpl $lines $ | trim }}
{{- end }}
