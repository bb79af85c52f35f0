#!/bin/sh
# Makes the secrets that docker-compose.yml reads, as files. What is there stays as it is, so it may be run again.
#
#   sh docker/make-secrets.sh [directory]
#
# Compose mounts each file as it is on the host, owner and mode included, and the processes in the containers run under
# users of their own. So the files are readable for everybody, in a directory that nobody but you can enter.
set -eu
umask 077

dir=${1:-$(dirname "$0")/../.secrets}
command -v openssl >/dev/null || { echo 'openssl is not installed' >&2; exit 1; }
mkdir -p "$dir"
chmod 700 "$dir"
dir=$(cd "$dir" && pwd)

# keep NAME VALUE: writes the file, unless it is there. printf is built into the shell: no value shows in a process list.
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
keep database_url "postgres://watchtogether:$(value_of postgres_password)@postgres:5432/watchtogether"
keep redis_conf "requirepass $(hex 32)"
keep redis_url "redis://:$(cut -d ' ' -f 2 "$dir/redis_conf")@redis:6379"
keep token_encryption_keys "k1:$(openssl rand -base64 32)"
keep bootstrap_api_key "wtk_$(hex 4)_$(letters_and_digits 48)"
keep cas_api_key "$(hex 16)"
keep cas_api_secret "$(hex 32)"
cat <<END

The API key:  cat '$dir/bootstrap_api_key'
The CAS key and secret are made up, for the sandbox. For the vendor's CAS put its own into
cas_api_key and cas_api_secret. Keep a copy of token_encryption_keys in a safe place: without it
no stored token can be opened.
END
