#!/bin/sh
# Set-up and the two commands of the README. `./quickstart.sh help` says what each does.
set -eu
cd "$(dirname "$0")"
policy=/usr/sbin/policy-rc.d
made_policy=no

help() {
	cat <<'END'
usage: ./quickstart.sh demo     build what is missing, then run the demonstration (a whole DNS hierarchy, under a minute)
       ./quickstart.sh check    build what is missing, then run every test
       ./quickstart.sh help     this text

Set-up: installs the Debian packages of packages.txt that are missing (as root, or with sudo; it lists them first), makes `configure`,
and builds in build/. A second run does only what has changed. Nothing outside this folder is touched but the packages. The name
servers among the test packages are not started by their installation; a machine that boots with systemd would start them at the next
boot: `systemctl disable NAME` keeps them from it.
END
}

say() { printf '== %s\n' "$*"; }
fail() { printf 'quickstart.sh: %s\n' "$*" >&2; exit 1; }

# The packages of the named groups, in the order of packages.txt.
packages_of() {
	awk -v wanted=" $* " '
		{ sub(/#.*/, "") }
		/^\[/ { gsub(/[][ \t]/, ""); take = index(wanted, " " $0 " "); next }
		take && NF { print $1 }' packages.txt
}

missing_of() {
	for package; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf ' %s' "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then env "$@"; else sudo env "$@"; fi
}

# Daemons must not start because their package is installed: Debian asks policy-rc.d. One that exists stays as it is.
forbid_daemons() {
	[ ! -e "$policy" ] || return 0
	trap allow_daemons EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	made_policy=yes
	as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
}

allow_daemons() {
	[ "$made_policy" = yes ] || return 0
	made_policy=no
	as_root rm -f "$policy"
}

apt() { as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "$@"; }

install_packages() {
	command -v dpkg-query >/dev/null || fail "this is not a Debian system; install what packages.txt names, then run ./autogen.sh, configure, make"
	# shellcheck disable=SC2046 # one word a package
	missing=$(missing_of $(packages_of "$@"))
	[ -n "$missing" ] || return 0
	say "these Debian packages are missing and will be installed:$missing"
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		fail "neither root nor sudo here. As root, run: apt-get install --no-install-recommends$missing"
	fi
	forbid_daemons
	# The package lists are fetched only where they do not know a package or name a file that is gone from the mirror.
	# shellcheck disable=SC2086
	if ! apt-get -q -s --no-install-recommends install $missing >/dev/null 2>&1 || ! apt install $missing; then
		apt update && apt install $missing || fail "apt-get could not install:$missing"
	fi
	allow_daemons
}

# zonelab's page needs npm, for which Debian has some hundred packages: only the tests ask for it, and only where there is none, for one that came with a
# vendor's Node.js is as good, and forbids Debian's.
page_group() { command -v npm >/dev/null || echo page; }

build() {
	if [ -e build ] && [ ! -w build ]; then
		fail "build/ belongs to $(stat -c %U build) and cannot be written; remove it or run as that user"
	fi
	[ -x configure ] || { say "making configure"; ./autogen.sh; }
	mkdir -p build
	[ -f build/Makefile ] || { say "configuring in build/"; (cd build && ../configure -q); }
	say "building in build/"
	make -s -C build -j"$(nproc)"
}

case ${1:-help} in
demo)
	install_packages build
	build
	exec build/tools/zonelab/zonelab demo
	;;
check)
	# shellcheck disable=SC2046 # no word or one
	install_packages build $(page_group) test
	build
	say "running every test"
	exec make -s -C build check
	;;
help | -h | --help)
	help
	;;
*)
	help >&2
	exit 2
	;;
esac
