{{- define "watchtogether.egressPublic" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ['::1/128', fc00::/7, fe80::/10]
{{- end -}}

{{/* One rule. Without peers the addresses are the public ones, never all. */}}
{{- define "watchtogether.egressRule" -}}
{{- $rule := index .root.Values.networkPolicy.egress .target }}
# {{ .target }}
- to:
    {{- if $rule.to }}{{ toYaml $rule.to | nindent 4 }}{{ else }}{{ include "watchtogether.egressPublic" . | nindent 4 }}{{ end }}
  ports:
    {{- range $port := $rule.ports }}
    - { protocol: TCP, port: {{ $port }} }
    {{- if eq $.target "dns" }}
    - { protocol: UDP, port: {{ $port }} }
    {{- end }}
    {{- end }}
{{- end -}}

{{/* Where a component connects to, as a JSON list of names of networkPolicy.egress. */}}
{{- define "watchtogether.egressTargets" -}}
{{- $v := .root.Values -}}
{{- $targets := list "dns" "postgres" -}}
{{- if and (ne .component "migrate") (eq $v.queue "redis") }}{{ $targets = append $targets "redis" }}{{ end -}}
{{- $calls := list -}}
{{- if has .component (list "gateway" "doctor") -}}
{{- $config := merge (dict) $v.gateway.config $v.config -}}
{{- if hasKey $config "OIDC_ISSUER" }}{{ $calls = append $calls "identityProvider" }}{{ end -}}
{{- if hasKey $config "ADMISSION_URL" }}{{ $calls = append $calls "admission" }}{{ end -}}
{{- end -}}
{{- if and (has .component (list "gateway" "worker")) (include "watchtogether.traces" .root) }}{{ $targets = append $targets "traces" }}{{ end -}}
{{- if has .component (list "worker" "doctor") }}{{ $calls = append $calls "cas" }}{{ end -}}
{{- if eq .component "worker" }}{{ $calls = append $calls "webhooks" }}{{ end -}}
{{- $byProxy := or (include "watchtogether.secretUsed" (dict "root" .root "name" "httpsProxy")) (include "watchtogether.secretUsed" (dict "root" .root "name" "allProxy")) -}}
{{- if and $calls $byProxy }}{{ $targets = append $targets "proxy" }}{{ end -}}
{{- toJson (concat $targets $calls) -}}
{{- end -}}

{{- define "watchtogether.traces" -}}
{{- range $config := list .Values.config .Values.gateway.config .Values.worker.config }}{{ if hasKey $config "OTEL_EXPORTER_OTLP_ENDPOINT" }}yes{{ end }}{{ end -}}
{{- end -}}
