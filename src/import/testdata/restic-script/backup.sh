#!/bin/bash
set -euo pipefail
export RESTIC_REPOSITORY="/srv/backup/my vault"
export RESTIC_PASSWORD_COMMAND="pass show restic"

sudo -E nice -n 10 restic backup /home "/srv/media files" \
  --exclude='*.tmp' --exclude "$HOME/.cache" -e '{odd}' --exclude '!keep' --iexclude=*.JPG --one-file-system \
  --exclude-larger-than 2G --tag nightly --verbose=2 "$EXTRA" >> /var/log/backup.log 2>&1
pg_dump app | restic backup --stdin --stdin-filename "app-$(date +%F).sql"
if restic forget -l 3 --keep-daily 7 --keep-weekly=4 --keep-monthly unlimited --keep-within 2m3d --keep-tag keep,me --prune; then
  echo done
fi
restic -r s3:https://user:address-secret-value@minio.example.org/bucket/some/prefix -p /root/pw backup --exclude-caches /etc
restic -r rest:https://user:address-secret-value@example.org/ backup --files-from list.txt
