# shellcheck shell=bash
# Certificates. The VPN's come from a real easy-rsa, as the AWS documentation has people make them; the cluster's from
# a second CA that stands for the public one of MemoryDB; and a third CA that nobody trusts, for `tls-untrusted`.

readonly SERVER_CN=server.lab.test
readonly BAD=$LAB_DIR/bad-credentials

easyrsa() {
  env -i PATH="$PATH" LC_ALL=C EASYRSA="${EASYRSA_BIN%/*}" EASYRSA_PKI="$LAB_DIR/pki" EASYRSA_BATCH=1 \
    EASYRSA_NO_VARS=1 EASYRSA_NO_INLINE=1 EASYRSA_ALGO=rsa EASYRSA_KEY_SIZE=2048 \
    ${CA_CN:+EASYRSA_REQ_CN="$CA_CN"} "$EASYRSA_BIN" "$@" </dev/null >>"$LAB_DIR/logs/easyrsa.log" 2>&1 ||
    die_log easyrsa "easyrsa $* failed"
}

pki_vpn() {
  local name
  easyrsa init-pki
  CA_CN="Lab VPN CA" easyrsa build-ca nopass
  easyrsa build-server-full "$SERVER_CN" nopass
  for name in client client2 revoked; do easyrsa build-client-full "$name" nopass; done
  easyrsa build-server-full server-use nopass
  easyrsa revoke revoked
  easyrsa gen-crl
  cp "$LAB_DIR"/pki/issued/{client,client2}.crt "$LAB_DIR"/pki/private/{client,client2}.key "$LAB_DIR/"
  pki_bad_credentials
  pki_downloaded_config
}

pki_downloaded_config() {
  pki_client_config "$LAB_DIR/pki/ca.crt" "$SERVER_CN" >"$LAB_DIR/downloaded-client-config.ovpn"
  sed "s/$VPN_ENDPOINT/$VPN_ENDPOINT6/" "$LAB_DIR/downloaded-client-config.ovpn" >"$LAB_DIR/downloaded-client-config-ipv6.ovpn"
}

# pki_client_config CHAIN SERVER_NAME: what AWS exports today, with no client certificate, no key, no label in front of the name.
pki_client_config() {
  cat <<END
client
dev tun
proto udp
remote $VPN_ENDPOINT 443
remote-random-hostname
resolv-retry infinite
nobind
remote-cert-tls server
cipher AES-256-GCM
verb 3
<ca>
END
  sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p' "$1"
  printf '\n</ca>\n\n\nreneg-sec 0\n\nverify-x509-name %s name\n' "$2"
}

# Credentials that each fail in another way.
pki_bad_credentials() {
  local serial
  mkdir -p "$BAD"
  serial=$(sed -n 's|^R\t.*\t\([0-9A-F]*\)\tunknown\t/CN=revoked$|\1|p' "$LAB_DIR/pki/index.txt")
  # easy-rsa puts what it revokes aside, but where depends on its version.
  cp "$LAB_DIR/pki/revoked/certs_by_serial/$serial.crt" "$BAD/revoked.crt"
  cp "$LAB_DIR/pki/revoked/private_by_serial/$serial.key" "$BAD/revoked.key" 2>/dev/null ||
    cp "$LAB_DIR/pki/private/revoked.key" "$BAD/revoked.key"
  cp "$LAB_DIR/pki/issued/server-use.crt" "$LAB_DIR/pki/private/server-use.key" "$BAD/"
  cp "$LAB_DIR/pki/private/server-use.key" "$BAD/mismatched.key"
  openssl pkcs8 -topk8 -in "$LAB_DIR/client.key" -passout pass:lab -out "$BAD/encrypted.key"
  pki_dated expired 20200101000000Z 20210101000000Z
  pki_dated not-yet-valid 20990101000000Z 21000101000000Z
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=stranger" \
    -addext extendedKeyUsage=clientAuth -addext keyUsage=digitalSignature \
    -keyout "$BAD/stranger.key" -out "$BAD/stranger.crt" 2>/dev/null
}

# A CA that nobody trusts, made when a fault needs it.
pki_other_ca() {
  local dir=$LAB_DIR/other-ca
  [[ ! -e $dir/ca.crt ]] || return 0
  mkdir -p "$dir"
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=Other VPN CA" -keyout "$dir/ca.key" -out "$dir/ca.new" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>>"$LAB_DIR/logs/openssl.log"
  mv "$dir/ca.new" "$dir/ca.crt"
}

# easy-rsa gives no certificate dates in the past, so the same CA signs these by hand, without entering them in its index.
pki_dated() {
  pki_sign "$BAD/$1" "$1" "$2" "$3" "$LAB_DIR/pki/ca.crt" "$LAB_DIR/pki/private/ca.key" clientAuth
}

# shellcheck disable=SC2034  # for the faults
readonly LONG_AGO=20200101000000Z A_YEAR_LATER=20210101000000Z IN_DECADES=21000101000000Z

# pki_sign FILE CN START END CA_CERT CA_KEY PURPOSE [NAMES]: FILE.crt and FILE.key, RSA 2048, by any CA.
pki_sign() {
  local name=$2 dir
  dir=$(mktemp -d "$LAB_DIR/dated.XXXXXX")
  : >"$dir/index"
  cat >"$dir/ca.cnf" <<END
[ca]
default_ca = lab
[lab]
database = $dir/index
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = client
[any]
commonName = supplied
[client]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = $7
keyUsage = digitalSignature, keyEncipherment
${8:+subjectAltName = $8}
END
  openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$1.key" -out "$dir/req" 2>/dev/null
  openssl ca -batch -notext -config "$dir/ca.cnf" -startdate "$3" -enddate "$4" -in "$dir/req" -out "$1.crt" \
    -cert "$5" -keyfile "$6" 2>>"$LAB_DIR/logs/easyrsa.log" || die_log easyrsa "openssl ca failed for $name"
  rm -rf "$dir"
}

# pki_crl DAYS [SERIAL]: the VPN's revocation list, from easy-rsa's index and one serial more; DAYS -1: it has expired.
# By openssl, because easy-rsa makes none that has expired, and must not know of a revocation that is only a fault.
pki_crl() {
  local dir
  dir=$(mktemp -d "$LAB_DIR/crl.XXXXXX")
  grep -vF "${2:-none}" "$LAB_DIR/pki/index.txt" >"$dir/index"
  if [[ -n ${2:-} ]]; then printf 'R\t400101000000Z\t%s\t%s\tunknown\t/CN=fault\n' "$(date -u +%y%m%d%H%M%SZ)" "$2" >>"$dir/index"; fi
  printf 'unique_subject = no\n' >"$dir/index.attr"
  printf '[ca]\ndefault_ca = lab\n[lab]\ndatabase = %s/index\ndefault_md = sha256\n' "$dir" >"$dir/ca.cnf"
  openssl ca -gencrl -config "$dir/ca.cnf" -cert "$LAB_DIR/pki/ca.crt" -keyfile "$LAB_DIR/pki/private/ca.key" \
    -crl_lastupdate "$(date -u -d '-2 days' +%Y%m%d%H%M%SZ)" -crl_nextupdate "$(date -u -d "$1 days" +%Y%m%d%H%M%SZ)" \
    -out "$dir/crl.pem" 2>>"$LAB_DIR/logs/openssl.log" || die_log openssl "no CRL could be made"
  mv "$dir/crl.pem" "$LAB_DIR/pki/crl.pem"
  rm -rf "$dir"
}

# --- the cluster ---

pki_cluster() {
  local node pid pids=()
  mkdir -p "$LAB_DIR/tls"
  pki_cluster_ca cluster "Lab Cluster CA" rsa:2048
  pki_cluster_ca untrusted "Nobody's CA" ec
  cp "$LAB_DIR/tls/cluster-ca.pem" "$LAB_DIR/cluster-ca.pem"
  # The nodes trust both CAs among themselves, so that `tls-untrusted` leaves the cluster's own bus alone.
  cat "$LAB_DIR/tls/cluster-ca.pem" "$LAB_DIR/tls/untrusted-ca.pem" >"$LAB_DIR/tls/bus-ca.pem"
  for node in $(nodes); do
    pki_node "$node" cluster rsa:2048 &
    pids+=($!)
    pki_node "$node" untrusted ec
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

pki_key_options() { [[ $1 == ec ]] && echo "ec -pkeyopt ec_paramgen_curve:P-256" || echo "$1"; }

pki_cluster_ca() {
  # shellcheck disable=SC2046
  openssl req -x509 -newkey $(pki_key_options "$3") -nodes -days 3650 -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$LAB_DIR/tls/$1-ca.key" -out "$LAB_DIR/tls/$1-ca.pem" 2>>"$LAB_DIR/logs/openssl.log"
}

# Both purposes, because on the cluster's bus every node is client and server.
pki_node() {
  # shellcheck disable=SC2046
  openssl req -x509 -newkey $(pki_key_options "$3") -nodes -days 395 -subj "/CN=$1.$(node_domain "$1")" \
    -CA "$LAB_DIR/tls/$2-ca.pem" -CAkey "$LAB_DIR/tls/$2-ca.key" \
    -addext "subjectAltName=DNS:$1.$(node_domain "$1"),DNS:clustercfg.$(node_domain "$1")" \
    -addext extendedKeyUsage=serverAuth,clientAuth -addext basicConstraints=critical,CA:FALSE \
    -keyout "$LAB_DIR/tls/$1.$2.key" -out "$LAB_DIR/tls/$1.$2.pem" 2>>"$LAB_DIR/logs/openssl.log"
}

# Who may read what a user of the lab needs: certificates everybody, keys and the password root and, where that group
# exists, the members of `memdb`.
pki_hand_over() {
  local secret=("$LAB_DIR"/*.key "$LAB_DIR/cluster-password" "$BAD"/*.key)
  chmod 0755 "$LAB_DIR" "$BAD"
  chmod 0644 "$LAB_DIR"/*.{crt,pem,ovpn} "$BAD"/*.crt
  chmod 0600 "${secret[@]}"
  getent group memdb >/dev/null || return 0
  chgrp memdb "${secret[@]}"
  chmod 0640 "${secret[@]}"
}
