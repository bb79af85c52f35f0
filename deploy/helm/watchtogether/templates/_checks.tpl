{{/* What values.schema.json cannot say. All faults at once, each with what to do. */}}
{{- define "watchtogether.checks" -}}
{{- $root := . -}}
{{- $v := .Values -}}
{{- $faults := list -}}
{{- $table := include "watchtogether.secretTable" . | fromYaml -}}

{{- if not $v.image.repository -}}
{{- $faults = append $faults "image.repository is missing: build the image with the Dockerfile, push it to your registry, and name it here, such as registry.example.com/watchtogether-auth-server." -}}
{{- end -}}
{{- if include "watchtogether.secretUsed" (dict "root" $root "name" "casEndpoints") -}}
{{- if $v.cas.url -}}
{{- $faults = append $faults "cas.url is set beside secrets.casEndpoints, which has the URLs: keep one of them." -}}
{{- end -}}
{{- else if not $v.cas.url -}}
{{- $faults = append $faults "cas.url is missing: the base URL of CAS from the vendor's customer portal, https://…" -}}
{{- end -}}

{{- range $name, $row := $table -}}
{{- if include "watchtogether.secretUsed" (dict "root" $root "name" $name) -}}
{{- $item := index $v.secrets $name -}}
{{- $secret := include "watchtogether.secretName" (dict "root" $root "name" $name) -}}
{{- if and $item.existingSecret $item.value -}}
{{- $faults = append $faults (printf "secrets.%s has both existingSecret and value: keep one of them." $name) -}}
{{- else if not $secret -}}
{{- $faults = append $faults (printf "secrets.%s is missing: %s. Put it into a Secret under the key %s and name that in secrets.existingSecret, or set secrets.%s.value." $name $row.is $item.key $name) -}}
{{- else if not $item.value -}}
{{- /* Empty without a cluster (helm template), and if the Secret does not exist. */ -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace $secret -}}
{{- if and $found (not (hasKey (default dict $found.data) $item.key)) -}}
{{- $faults = append $faults (printf "the Secret %s in the namespace %s has no key %s: %s. Add it, or name another key in secrets.%s.key." $secret $root.Release.Namespace $item.key $row.is $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- $owned := dict "NODE_ENV" "" "NODE_OPTIONS" "nodeOptions" "HOST" "listenAddress" "PORT" "" "OPS_HOST" "listenAddress" "OPS_PORT" "" "DRAIN_MS" "gateway.drainMs" "TRUST_PROXY" "gateway.trustProxy" "CAS_URL" "cas.url" "CAS_MAX_RPS" "cas.maxRps" "MINT_CONCURRENCY" "worker.concurrency" "FAILPOINT" "" -}}
{{- $secretOf := dict "DEMO_LINK_SECRET" "" -}}
{{- range $name, $row := $table }}{{ if and $row.variable (ne $name "migrationUrl") }}{{ $_ := set $secretOf $row.variable $name }}{{ end }}{{ end -}}
{{- range $place, $config := dict "config" $v.config "gateway.config" $v.gateway.config "worker.config" $v.worker.config -}}
{{- range $name, $_ := $config -}}
{{- $plain := trimSuffix "_FILE" $name -}}
{{- if hasKey $secretOf $plain -}}
{{- $use := get $secretOf $plain -}}
{{- $faults = append $faults (printf "%s.%s is a secret, and would be readable in the Deployment: %s." $place $name (ternary (printf "use secrets.%s" $use) "it is for development only" (ne $use ""))) -}}
{{- else if hasKey $owned $name -}}
{{- $use := get $owned $name -}}
{{- $faults = append $faults (printf "%s.%s is set by the chart: %s." $place $name (ternary (printf "use %s" $use) "leave it out" (ne $use ""))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if and $v.worker.hpa.enabled $v.worker.keda.enabled -}}
{{- $faults = append $faults "worker.hpa and worker.keda are both enabled: KEDA makes an HPA of its own, and two of them would fight over the Deployment. Disable one." -}}
{{- end -}}
{{- if and (not (kindIs "invalid" $v.worker.replicas)) (or $v.worker.hpa.enabled $v.worker.keda.enabled) -}}
{{- $faults = append $faults "worker.replicas is set beside an autoscaler: each upgrade would undo what that has scaled. Use its minReplicas, and leave worker.replicas null." -}}
{{- end -}}
{{- if and (not (kindIs "invalid" $v.gateway.replicas)) $v.gateway.hpa.enabled -}}
{{- $faults = append $faults "gateway.replicas is set beside gateway.hpa: each upgrade would undo what that has scaled. Use gateway.hpa.minReplicas, and leave gateway.replicas null." -}}
{{- end -}}
{{- if and $v.gateway.hpa.enabled (gt (int $v.gateway.hpa.minReplicas) (int $v.gateway.hpa.maxReplicas)) -}}
{{- $faults = append $faults "gateway.hpa.minReplicas is above gateway.hpa.maxReplicas." -}}
{{- end -}}
{{- if and $v.worker.hpa.enabled (gt (int $v.worker.hpa.minReplicas) (int $v.worker.hpa.maxReplicas)) -}}
{{- $faults = append $faults "worker.hpa.minReplicas is above worker.hpa.maxReplicas." -}}
{{- end -}}
{{- with $v.worker.keda -}}
{{- if .enabled -}}
{{- if not (or .maxReplicas .vendor.requestsPerSecond $v.cas.maxRps) -}}
{{- $faults = append $faults "worker.keda has no upper limit: set cas.maxRps, or worker.keda.vendor.requestsPerSecond, to the rate that the vendor allows (CAS answers 429 above it), or worker.keda.maxReplicas." -}}
{{- end -}}
{{- if and .maxReplicas (lt (int .maxReplicas) (int .minReplicas)) -}}
{{- $faults = append $faults "worker.keda.minReplicas is above worker.keda.maxReplicas." -}}
{{- end -}}
{{- if and (eq .trigger "prometheus") (not .prometheus.serverAddress) -}}
{{- $faults = append $faults "worker.keda.prometheus.serverAddress is missing: the URL of Prometheus, such as http://prometheus-operated.monitoring.svc:9090. Or count in PostgreSQL, with worker.keda.trigger: postgres." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if $v.networkPolicy.enabled -}}
{{- $needed := dict "postgres" "where PostgreSQL is" -}}
{{- if eq $v.queue "redis" }}{{ $_ := set $needed "redis" "where Redis is" }}{{ end -}}
{{- if or (include "watchtogether.secretUsed" (dict "root" . "name" "httpsProxy")) (include "watchtogether.secretUsed" (dict "root" . "name" "allProxy")) }}{{ $_ := set $needed "proxy" "where the proxy for outgoing calls is" }}{{ end -}}
{{- if include "watchtogether.traces" . }}{{ $_ := set $needed "traces" "where the receiver of traces is" }}{{ end -}}
{{- range $target, $what := $needed -}}
{{- if not (index $v.networkPolicy.egress $target).to -}}
{{- $faults = append $faults (printf "networkPolicy.egress.%s.to is missing: say %s, such as [{ ipBlock: { cidr: 10.0.0.5/32 } }], or set networkPolicy.enabled to false." $target $what) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
{{- $faults = append $faults "ingress.hosts is empty: name at least one host, such as auth.example.com." -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.tls) (not (eq $v.ingress.controller "alb")) -}}
{{- $faults = append $faults "ingress.tls is empty: credentials and tokens would cross the network in clear text. Name the hosts and the Secret of their certificate." -}}
{{- end -}}

{{- if $faults -}}
{{- printf "\n\nThese values cannot be installed:\n  - %s\n" (join "\n  - " $faults) | fail -}}
{{- end -}}
{{- end -}}
