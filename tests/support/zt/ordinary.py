"""Programs run as an ordinary user, by root: with or without a /dev/net/tun that such a user may open (Debian's udev gives one; many containers don't), and
with or without user namespaces."""
import os
import subprocess

from zt.lab import Skip
from zt.node import require

USER, GROUP = "nobody", "nogroup"
# In a mount namespace of its own, so that the machine's device stays as it is. The device node needs a place only until it is bound.
WITH_TUN = """
folder=$(mktemp -d /tmp/zt-tun-XXXXXX) && mknod -m 666 "$folder/tun" c 10 200 && mount --bind "$folder/tun" /dev/net/tun || exit 125
rm -r "$folder"
exec "$@"
"""
WITHOUT_TUN = 'mount -t tmpfs none /dev/net || exit 125; exec "$@"'
# The kernel makes none for processes whose root folder is not the mount namespace's.
WITHOUT_NAMESPACES = 'mount --rbind / /mnt && exec chroot /mnt env -C "$PWD" "$@"; exit 125'


def ordinary(command, tun=True, namespaces=True):
    """The command as run by an ordinary user. Skips the test where this process isn't root, or may make no mount namespace or device."""
    if os.geteuid() != 0:
        raise Skip("needs root, to become another user")
    prefix = [require("unshare", "util-linux"), "-m", "sh", "-c", WITH_TUN if tun else WITHOUT_TUN, "sh"]
    if not namespaces:
        prefix += ["sh", "-c", WITHOUT_NAMESPACES, "sh"]
    trial = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        raise Skip(f"no mount namespace with a TUN device here: {trial.stderr.strip()}")
    return [*prefix, require("setpriv", "util-linux"), "--reuid", USER, "--regid", GROUP, "--clear-groups", *map(str, command)]
