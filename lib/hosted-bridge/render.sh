# Makes Mosquitto's files in the container of the hosted bridge, and starts what the arguments say.
# The variables hold the templates of docs/bridge, adapted by lib/hosted-bridge.ts. DOCKS is the secret: a line for
# each dock, serial number and password.
set -eu
umask 077
config=${MOSQUITTO_FOLDER:-/mosquitto}/config
mkdir -p "$config/conf.d"
rm -f "$config"/conf.d/*
printf '%s\n' "$MOSQUITTO_CONF" > "$config/mosquitto.conf"
printf '%s\n' "$ACL" > "$config/acl"
: > "$config/passwords"
count=0
while read -r sn password rest; do
  case $sn in
    '' | '#'*) continue ;;
  esac
  # One dock's mistake must not stop the others. What is wrong is named by its number: it may hold a password.
  count=$((count + 1))
  case $sn in
    *[!A-Za-z0-9]*)
      echo "Dock $count in the secret is left out: its serial number is not of letters and digits" >&2
      continue
      ;;
  esac
  case ${rest:+?}$password in
    '' | *[!A-Za-z0-9_-]*)
      echo "Dock $count in the secret is left out: after the serial number comes the password, and nothing else" >&2
      continue
      ;;
  esac
  printf '%s:%s\n' "$sn" "$password" >> "$config/passwords"
  printf '%s\n' "$DOCK_CONF" |
    sed "s/DOCK_SN/$sn/g; s/DOCK_PASSWORD/$password/g; s/AUTHORIZER/$AUTHORIZER/g" > "$config/conf.d/$sn.conf"
done << END
$DOCKS
END
exec "$@"
