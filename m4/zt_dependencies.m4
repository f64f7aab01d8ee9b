# ZT_NEED(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE)
# One missing library must name the package that brings it; all missing ones are named at once.
AC_DEFUN([ZT_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [], [zt_missing="$zt_missing $3"])
])

AC_DEFUN([ZT_DEPENDENCIES], [
  zt_missing=""
  m4_ifdef([PKG_PROG_PKG_CONFIG], [PKG_PROG_PKG_CONFIG([0.29])],
           [m4_fatal([pkg.m4 is missing: apt-get install pkg-config])])
  AS_IF([test -z "$PKG_CONFIG"], [AC_MSG_ERROR([pkg-config is missing: apt-get install pkg-config])])
  ZT_NEED([LDNS], [ldns >= 1.8], [libldns-dev])
  ZT_NEED([EVENT], [libevent_core >= 2.1], [libevent-dev])
  ZT_NEED([EVENT_EXTRA], [libevent_extra >= 2.1], [libevent-dev])
  ZT_NEED([LMDB], [lmdb >= 0.9.22], [liblmdb-dev])
  ZT_NEED([URCU], [liburcu-qsbr >= 0.13], [liburcu-dev])
  ZT_NEED([YAML], [yaml-0.1 >= 0.2], [libyaml-dev])
  ZT_NEED([JANSSON], [jansson >= 2.13], [libjansson-dev])
  ZT_NEED([CRYPTO], [libcrypto >= 3.0], [libssl-dev])
  ZT_NEED([SSL], [libssl >= 3.0], [libssl-dev])
  ZT_NEED([NETTLE], [nettle >= 3.8], [nettle-dev])
  ZT_NEED([SODIUM], [libsodium >= 1.0.18], [libsodium-dev])
  ZT_NEED([XXHASH], [libxxhash >= 0.8], [libxxhash-dev])
  ZT_NEED([SECCOMP], [libseccomp >= 2.5], [libseccomp-dev])
  ZT_NEED([CAP], [libcap >= 2.33], [libcap-dev])
  ZT_NEED([FSTRM], [libfstrm >= 0.6], [libfstrm-dev])
  ZT_NEED([CHECK], [check >= 0.15], [check])
  AS_IF([test -n "$zt_missing"],
        [AC_MSG_ERROR([libraries are missing; on Debian 12: apt-get install$(echo "$zt_missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')])])
])

AC_DEFUN([ZT_TOOLS], [
  AC_PATH_PROGS([PYTHON3], [python3], [], [/usr/bin$PATH_SEPARATOR$PATH])
  AS_IF([test -z "$PYTHON3"], [AC_MSG_ERROR([python3 is missing (the test runner needs it): apt-get install python3])])
])
