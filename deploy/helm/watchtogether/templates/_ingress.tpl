{{/*
SSE passes on as it arrives; idle times exceed heartbeats (15 s) and held requests (30 s), and stay below the gateway's own
for idle connections (75 s), as in docs/operations.md.
*/}}
{{- define "watchtogether.ingressAnnotations" -}}
{{- $controller := .Values.ingress.controller -}}
{{- if eq $controller "nginx" }}
nginx.ingress.kubernetes.io/proxy-buffering: 'off'
nginx.ingress.kubernetes.io/proxy-http-version: '1.1'
nginx.ingress.kubernetes.io/proxy-connect-timeout: '2'
nginx.ingress.kubernetes.io/proxy-read-timeout: '60'
nginx.ingress.kubernetes.io/proxy-send-timeout: '60'
nginx.ingress.kubernetes.io/ssl-redirect: 'true'
{{- else if eq $controller "nginx-inc" }}
nginx.org/proxy-buffering: 'false'
nginx.org/proxy-connect-timeout: 2s
nginx.org/proxy-read-timeout: 60s
nginx.org/proxy-send-timeout: 60s
nginx.org/redirect-to-https: 'true'
{{- else if eq $controller "haproxy" }}
haproxy.org/timeout-server: 60s
haproxy.org/timeout-connect: 2s
haproxy.org/ssl-redirect: 'true'
{{- else if eq $controller "alb" }}
alb.ingress.kubernetes.io/target-type: ip
alb.ingress.kubernetes.io/healthcheck-path: /readyz
alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=60
alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=10
{{- else }}
{}
{{- end }}
{{- end -}}
