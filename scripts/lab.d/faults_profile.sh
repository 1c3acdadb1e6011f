# shellcheck shell=bash
# Faults of what a profile was imported with, as they come to be while memdbd is off: a laptop that lay in a drawer until its
# certificate had expired, a backup that was put back wrongly. memdbd reads it when it starts: lab agent stop, lab agent start.
# (`profile import` refuses the first three to begin with.)

readonly KEPT=$LAB_DIR/agent/kept

credential_faults() {
  printf '%s\n' client-cert-expired client-cert-not-yet-valid client-key-mismatch client-cert-wrong-issuer
}

# The folders of the generations in force, one for each profile that has a certificate.
credentials_in_force() {
  local link
  for link in "$LAB_DIR"/agent/state/profiles/*/credentials/current; do
    if [[ -d $link ]]; then realpath "$link"; fi
  done
}

need_profiles() {
  [[ -n $(credentials_in_force) ]] || die "the lab's memdbd has no profile with a certificate; see: scripts/demo"
}

kept_of() { local rest=${1#"$LAB_DIR/agent/state/profiles/"}; echo "$KEPT/${rest//\//_}"; }

# What the profiles have under the faults of the time. Written in place, so that owner and mode stay; put back only where
# the fault's own still lies, for a new import is nobody's fault.
credentials_write() {
  local dir kept cert
  for dir in $(credentials_in_force); do
    kept=$(kept_of "$dir")
    if [[ ! -d $kept ]]; then
      [[ -n $(credential_fault) ]] || continue
      (umask 077; mkdir -p "$kept")
      cp "$dir/cert.pem" "$dir/key.pem" "$kept/"
    fi
    if [[ -e $kept/written.pem ]] && ! cmp -s "$dir/cert.pem" "$kept/written.pem"; then continue; fi
    cert=$(credential_file crt "$kept/cert.pem")
    cat "$(credential_file key "$kept/key.pem")" >"$dir/key.pem"
    cat "$cert" >"$dir/cert.pem"
    cp "$cert" "$kept/written.pem"
    credential_note_print "$dir"
    [[ -n $(credential_fault) ]] || rm -rf "$kept"
  done
}

credential_note_print() {
  local print
  print=$(openssl x509 -in "$1/cert.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')
  sed -i "s/\"fingerprint\":\"[^\"]*\"/\"fingerprint\":\"$print\"/" "$1/meta.json"
  chown --reference="$1/cert.pem" "$1/meta.json"
}

# The one that counts: of several the first.
credential_fault() {
  local name
  for name in $(credential_faults); do if fault_active "$name"; then echo "$name"; return; fi; done
}

# credential_file crt|key OWN
credential_file() {
  case $1-$(credential_fault) in
    *-client-cert-expired) echo "$BAD/expired.$1" ;;
    *-client-cert-not-yet-valid) echo "$BAD/not-yet-valid.$1" ;;
    key-client-key-mismatch) echo "$BAD/mismatched.key" ;;
    *-client-cert-wrong-issuer) echo "$BAD/wrong-issuer.$1" ;;
    *) echo "$2" ;;
  esac
}

credential_break() {
  need_profiles
  fault_mark "$1"
  credentials_write
  fault_done "$1" "$2; memdbd reads it when it starts"
}

credential_heal() {
  credentials_write
  say "$1 healed: the profiles have their certificate and key back; memdbd reads them when it starts"
}

fault_client_cert_expired() { credential_break client-cert-expired "the profiles' certificate is of 2020"; }
heal_client_cert_expired() { credential_heal client-cert-expired; }
fault_client_cert_not_yet_valid() { credential_break client-cert-not-yet-valid "the profiles' certificate is of 2099"; }
heal_client_cert_not_yet_valid() { credential_heal client-cert-not-yet-valid; }
fault_client_key_mismatch() { credential_break client-key-mismatch "the profiles' key is another certificate's"; }
heal_client_key_mismatch() { credential_heal client-key-mismatch; }

fault_client_cert_wrong_issuer() {
  pki_other_ca
  [[ -e $BAD/wrong-issuer.crt ]] || pki_sign "$BAD/wrong-issuer" client "$LONG_AGO" "$IN_DECADES" \
    "$LAB_DIR/other-ca/ca.crt" "$LAB_DIR/other-ca/ca.key" clientAuth
  credential_break client-cert-wrong-issuer "the profiles' certificate is of a CA that the endpoint does not know"
}
heal_client_cert_wrong_issuer() { credential_heal client-cert-wrong-issuer; }

# --- auth-required ---

# As a profile that was imported without --user.
fault_auth_required() {
  local file
  need_profiles
  for file in "$LAB_DIR"/agent/state/profiles/*/profile.toml; do
    if grep -q '^user = ".\+"' "$file"; then fault_note auth-required "$file $(sed -n 's/^user = "\(.*\)"/\1/p' "$file" | head -n 1)"; fi
    profile_name_user "$file" ""
  done
  fault_done auth-required "the profiles name no user; memdbd reads them when it starts"
}

# profile_name_user FILE USER: in place, so that owner and mode stay.
profile_name_user() {
  local text
  text=$(sed "s/^user = .*/user = \"$2\"/" "$1")
  printf '%s\n' "$text" >"$1"
}

heal_auth_required() {
  local file user
  while read -r file user; do
    if [[ -e $file ]]; then profile_name_user "$file" "$user"; fi
  done <"$LAB_DIR/faults/auth-required"
  say "auth-required healed: the profiles name their user; memdbd reads them when it starts"
}
