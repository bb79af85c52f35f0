{{/*
Every secret: its variable and meaning, and which components read it. The names of the variables are those of .env.example.
*/}}
{{- define "watchtogether.secretTable" -}}
databaseUrl: { variable: DATABASE_URL, readers: [gateway, worker, doctor], is: "the URL of PostgreSQL for gateways and workers, postgres://user:password@host:5432/watchtogether" }
migrationUrl: { variable: DATABASE_URL, readers: [migrate], is: "the URL of PostgreSQL for the owner of the tables; without it set migrate.mode to none" }
scalerUrl: { variable: "", readers: [keda], is: "the URL of PostgreSQL for the role watchtogether_scaler of deploy/sql, with which KEDA counts the backlog" }
redisUrl: { variable: REDIS_URL, readers: [gateway, worker, doctor], is: "the URL of Redis, redis://user:password@host:6379; without Redis set queue to postgres" }
tokenEncryptionKeys: { variable: TOKEN_ENCRYPTION_KEYS, readers: [gateway, worker, doctor], is: "the key ring, k1:<output of openssl rand -base64 32>" }
casEndpoints: { variable: CAS_ENDPOINTS, readers: [worker, doctor], is: "the JSON list of CAS endpoints" }
casApiKey: { variable: CAS_API_KEY, readers: [worker, doctor], is: "the key that the vendor issued for CAS" }
casApiSecret: { variable: CAS_API_SECRET, readers: [worker, doctor], is: "the secret that the vendor issued for CAS" }
admissionSecret: { variable: ADMISSION_SECRET, readers: [gateway, doctor], is: "the secret that signs requests to ADMISSION_URL" }
otlpHeaders: { variable: OTEL_EXPORTER_OTLP_HEADERS, readers: [gateway, worker], is: "the headers for the receiver of traces" }
bootstrapApiKey: { variable: BOOTSTRAP_API_KEY, readers: [gateway], is: "the bootstrap API key" }
redisSentinelPassword: { variable: REDIS_SENTINEL_PASSWORD, readers: [gateway, worker, doctor], is: "the password of the sentinels" }
httpsProxy: { variable: HTTPS_PROXY, readers: [gateway, worker, doctor], is: "the proxy for calls over https" }
allProxy: { variable: ALL_PROXY, readers: [gateway, worker, doctor], is: "the proxy for all calls" }
{{- end -}}

{{/* "yes" if the secret is used by these values. */}}
{{- define "watchtogether.secretUsed" -}}
{{- $v := .root.Values -}}
{{- $item := index $v.secrets .name -}}
{{- $own := or $item.existingSecret $item.value $item.enabled -}}
{{- if has .name (list "databaseUrl" "tokenEncryptionKeys") }}yes
{{- else if has .name (list "casApiKey" "casApiSecret") }}{{ if not (include "watchtogether.secretUsed" (dict "root" .root "name" "casEndpoints")) }}yes{{ end }}
{{- else if eq .name "migrationUrl" }}{{ if ne $v.migrate.mode "none" }}yes{{ end }}
{{- else if eq .name "scalerUrl" }}{{ if and $v.worker.keda.enabled (eq $v.worker.keda.trigger "postgres") }}yes{{ end }}
{{- else if eq .name "redisUrl" }}{{ if eq $v.queue "redis" }}yes{{ end }}
{{- else if eq .name "admissionSecret" }}{{ if or (hasKey $v.gateway.config "ADMISSION_URL") (hasKey $v.config "ADMISSION_URL") }}yes{{ end }}
{{- else if $own }}yes{{ end -}}
{{- end -}}

{{/* The name of the Secret that holds it. Those for the migration are made before the others, by a hook. */}}
{{- define "watchtogether.secretName" -}}
{{- $item := index .root.Values.secrets .name -}}
{{- if $item.existingSecret }}{{ $item.existingSecret }}
{{- else if $item.value }}{{ include "watchtogether.fullname" .root }}{{ if eq .name "migrationUrl" }}-migrate{{ end }}
{{- else }}{{ .root.Values.secrets.existingSecret }}{{ end -}}
{{- end -}}


{{/* NAME_FILE for each secret that the component reads. */}}
{{- define "watchtogether.secretEnv" -}}
{{- $ctx := . -}}
{{- range $name, $row := include "watchtogether.secretTable" . | fromYaml }}
{{- if and (has $ctx.component $row.readers) (include "watchtogether.secretUsed" (dict "root" $ctx.root "name" $name)) }}
- name: {{ $row.variable }}_FILE
  value: /run/secrets/watchtogether/{{ lower $row.variable }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "watchtogether.secretSources" -}}
{{- $ctx := . -}}
{{- range $name, $row := include "watchtogether.secretTable" . | fromYaml }}
{{- if and (has $ctx.component $row.readers) (include "watchtogether.secretUsed" (dict "root" $ctx.root "name" $name)) }}
- secret:
    name: {{ include "watchtogether.secretName" (dict "root" $ctx.root "name" $name) }}
    items:
      - { key: {{ (index $ctx.root.Values.secrets $name).key }}, path: {{ lower $row.variable }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* The data of the Secret that the chart makes, of those whose names are given. */}}
{{- define "watchtogether.secretData" -}}
{{- $ctx := . -}}
{{- range $name := .names }}
{{- $item := index $ctx.root.Values.secrets $name }}
{{- if and $item.value (not $item.existingSecret) (include "watchtogether.secretUsed" (dict "root" $ctx.root "name" $name)) }}
{{ $item.key }}: {{ $item.value | b64enc }}
{{- end }}
{{- end }}
{{- end -}}
