AC_DEFUN([ZT_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST], [build with sanitizers: address,undefined or thread])],
    [zt_sanitizers=$enableval], [zt_sanitizers=no])
  SANITIZER_FLAGS=""
  AS_CASE([$zt_sanitizers],
    [no], [],
    [yes], [SANITIZER_FLAGS="-fsanitize=address,undefined"],
    [address|undefined|address,undefined|undefined,address|thread], [SANITIZER_FLAGS="-fsanitize=$zt_sanitizers"],
    [AC_MSG_ERROR([--enable-sanitizers takes address,undefined or thread, not '$zt_sanitizers'])])
  AS_IF([test -n "$SANITIZER_FLAGS"],
    [SANITIZER_FLAGS="$SANITIZER_FLAGS -fno-omit-frame-pointer -fno-sanitize-recover=all"])
  AC_SUBST([SANITIZER_FLAGS])
  AS_IF([test "$zt_sanitizers" = no], [zt_is_sanitized=0], [zt_is_sanitized=1])
  AC_DEFINE_UNQUOTED([ZT_IS_SANITIZED], [$zt_is_sanitized], [1 in builds with sanitizers, whose run-time parts need what a sandbox forbids])
])

AC_DEFUN([ZT_FUZZERS], [
  AC_ARG_ENABLE([fuzzers],
    [AS_HELP_STRING([--enable-fuzzers], [link the fuzz targets with libFuzzer (needs CC=clang)])],
    [zt_fuzzers=$enableval], [zt_fuzzers=no])
  AS_IF([test "$zt_fuzzers" != no], [
    AC_MSG_CHECKING([whether $CC knows -fsanitize=fuzzer])
    zt_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
      [AC_MSG_ERROR([--enable-fuzzers needs clang: configure CC=clang (apt-get install clang libclang-rt-14-dev)])])
    CFLAGS=$zt_saved_cflags
    SANITIZER_FLAGS="$SANITIZER_FLAGS -fsanitize=fuzzer-no-link"
    FUZZER_LDFLAGS="-fsanitize=fuzzer"
  ])
  AC_SUBST([FUZZER_LDFLAGS])
  AM_CONDITIONAL([FUZZERS], [test "$zt_fuzzers" != no])
])

AC_DEFUN([ZT_LTO], [
  AC_ARG_ENABLE([lto], [AS_HELP_STRING([--enable-lto], [link-time optimisation])],
    [zt_lto=$enableval], [zt_lto=no])
  LTO_FLAGS=""
  AS_IF([test "$zt_lto" != no], [
    LTO_FLAGS="-flto=auto -ffat-lto-objects -Wno-null-dereference"      # false alarms when whole programs are looked at
    AC_CHECK_TOOLS([AR], [gcc-ar ar])
    AC_CHECK_TOOLS([RANLIB], [gcc-ranlib ranlib])
  ])
  AC_SUBST([LTO_FLAGS])
])

# Warnings we keep on, and hardening that costs nothing measurable.
# _FORTIFY_SOURCE is left out of sanitizer builds: it hides accesses from ASan.
AC_DEFUN([ZT_COMPILER_FLAGS], [
  AX_APPEND_COMPILE_FLAGS([-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes dnl
    -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef dnl
    -Wnull-dereference -Wimplicit-fallthrough -Wdouble-promotion -Wlogical-op -Wduplicated-cond dnl
    -fno-strict-overflow -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE], [WARN_CFLAGS], [-Werror])
  AX_APPEND_LINK_FLAGS([-pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed], [HARDEN_LDFLAGS])
  FORTIFY_FLAGS=""
  AS_IF([test -z "$SANITIZER_FLAGS"], [FORTIFY_FLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
    [AS_IF([test "$enableval" != no], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([FORTIFY_FLAGS])
])

# What -V tells about a build: the libraries it was made with, and its modes.
AC_DEFUN([ZT_FEATURES], [
  zt_features=""
  for zt_module in ldns libevent_core lmdb liburcu-qsbr yaml-0.1 jansson libcrypto nettle libsodium libxxhash libseccomp libcap libfstrm; do
    zt_features="$zt_features${zt_features:+, }$zt_module $($PKG_CONFIG --modversion $zt_module)"
  done
  AC_DEFINE_UNQUOTED([ZT_BUILD_FEATURES], ["$zt_features; sanitizers $zt_sanitizers, fuzzers $zt_fuzzers, lto $zt_lto"],
                     [libraries and modes of this build, for -V])
])
