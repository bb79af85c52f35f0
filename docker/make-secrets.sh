#!/bin/sh
# Generates the secret files that docker-compose.yml reads. Existing files are kept, so it is safe to run again.
#
#   sh docker/make-secrets.sh [directory]
#
# Compose mounts each file with its owner and mode on the host, while the container processes run as other users. The
# files are therefore world-readable, inside a directory that only its owner can enter.
set -eu
umask 077

dir=${1:-$(dirname "$0")/../.secrets}
command -v openssl >/dev/null || { echo 'openssl is not installed' >&2; exit 1; }
mkdir -p "$dir"
chmod 700 "$dir"
dir=$(cd "$dir" && pwd)

# keep NAME VALUE: writes the file unless it exists. printf is a shell builtin, so no value appears in a process list.
keep() {
  if [ -s "$dir/$1" ]; then
    echo "  kept  $1"
  else
    printf '%s\n' "$2" >"$dir/$1.new"
    mv "$dir/$1.new" "$dir/$1"
    echo "  made  $1"
  fi
  chmod 644 "$dir/$1"
}

hex() { openssl rand -hex "$1"; }
letters_and_digits() { openssl rand -base64 192 | tr -dc 'A-Za-z0-9' | cut -c "1-$1"; }
value_of() { cat "$dir/$1"; }

echo "Secrets in $dir:"
keep postgres_password "$(hex 32)"
keep app_password "$(hex 32)"
keep migration_url "postgres://watchtogether:$(value_of postgres_password)@postgres:5432/watchtogether"
keep database_url "postgres://watchtogether_app:$(value_of app_password)@postgres:5432/watchtogether"
keep redis_conf "requirepass $(hex 32)"
keep redis_url "redis://:$(cut -d ' ' -f 2 "$dir/redis_conf")@redis:6379"
keep token_encryption_keys "k1:$(openssl rand -base64 32)"
keep bootstrap_api_key "wtk_$(hex 4)_$(letters_and_digits 48)"
keep cas_api_key "$(hex 16)"
keep cas_api_secret "$(hex 32)"
keep grafana_password "$(hex 16)"
cat <<END

The API key:  cat '$dir/bootstrap_api_key'
The CAS key and secret are random values for the sandbox. For the vendor's CAS, replace cas_api_key
and cas_api_secret with the issued ones. Back up token_encryption_keys: without it, stored tokens
cannot be decrypted.
END
