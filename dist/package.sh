#!/bin/sh
# Packs build/dist/cprof (made by `make dist`, which calls this) as
#   build/dist/cprof-VERSION-x86_64-linux.tar.gz
#   build/dist/cprof_VERSION_amd64.deb
# The same commit and the same toolchain give the same bytes: files are in order,
# owned by root and of the commit's time.
set -eu
umask 022
export LC_ALL=C
cd "$(dirname "$0")/.."
out=build/dist
version=$("$out/cprof" --version | cut -d ' ' -f 2)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

commit() { git log -1 --format="$1" 2>/dev/null; }
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(commit %ct || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

# The licence of the program, and of each library that is linked into it.
copyright() {
    echo "cprof is licensed under the Apache License, Version 2.0, see"
    echo "/usr/share/common-licenses/Apache-2.0 or LICENSE. It holds the libraries below;"
    echo "\`make dist\` in its source code builds it anew with other versions of them."
    for package in libc6-dev libelf-dev libbpf-dev libjansson-dev libprotobuf-c-dev \
        zlib1g-dev libncurses-dev erlang-dev; do
        printf '\n==== %s %s\n\n' "$package" "$(dpkg-query -W -f '${Version}' "$package")"
        cat "/usr/share/doc/$package/copyright"
    done
}

# --- the archive --------------------------------------------------------------
name=cprof-$version-x86_64-linux
mkdir -p "$work/$name/completion"
install "$out/cprof" "$work/$name/cprof"
cp LICENSE dist/README "$work/$name"
copyright >"$work/$name/COPYRIGHT"
"$out/cprof" --man >"$work/$name/cprof.1"
"$out/cprof" --completion bash >"$work/$name/completion/cprof"
"$out/cprof" --completion zsh >"$work/$name/completion/_cprof"
tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    -cf "$work/tar" "$name"
gzip -9n <"$work/tar" >"$out/$name.tar.gz"

# --- the Debian package -------------------------------------------------------
root=$work/root
mkdir -p "$root/DEBIAN" "$root/usr/share/doc/cprof"
make -s install PROGRAM="$out/cprof" DESTDIR="$root" PREFIX=/usr \
    ZSH_DIR=/usr/share/zsh/vendor-completions
copyright >"$root/usr/share/doc/cprof/copyright"
gzip -9n <CHANGELOG.md >"$root/usr/share/doc/cprof/changelog.gz"
gzip -9n "$root/usr/share/man/man1/cprof.1"
(cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
cat >"$root/DEBIAN/control" <<CONTROL
Package: cprof
Version: $version
Architecture: amd64
Maintainer: $(commit '%an <%ae>' || echo 'nobody <root@localhost>')
Installed-Size: $(du --apparent-size -ks "$root/usr" | cut -f 1)
Section: devel
Priority: optional
Description: sampling profiler for the Erlang VM
 Attaches from outside to a running Erlang or Elixir node, without a flag, a
 restart or code loaded into it, and names the functions, lines and processes
 that use the CPU, as text or as a flame graph.
 .
 The program is static: it needs neither Erlang nor any library.
CONTROL
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/cprof_${version}_amd64.deb" >/dev/null
ls -l "$out"
