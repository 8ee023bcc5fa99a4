# Shared by the scripts beside it; to be sourced. Sets `root`, the folder of the repository.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by the scripts
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What an open window loads at run time: shared library, Debian package.
window_libraries='
libX11.so.6             libx11-6
libX11-xcb.so.1         libx11-xcb1
libXcursor.so.1         libxcursor1
libXi.so.6              libxi6
libXrandr.so.2          libxrandr2
libxkbcommon.so.0       libxkbcommon0
libxkbcommon-x11.so.0   libxkbcommon-x11-0
libwayland-client.so.0  libwayland-client0
libwayland-cursor.so.0  libwayland-cursor0
libwayland-egl.so.1     libwayland-egl1
libvulkan.so.1          libvulkan1
'

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() { say "$@"; exit 1; }

# Stops unless Rust and a C compiler are here.
need_compilers() {
    if ! command -v cargo >/dev/null && [ -r "${CARGO_HOME:-${HOME:-}/.cargo}/env" ]; then
        # shellcheck source=/dev/null
        . "${CARGO_HOME:-${HOME:-}/.cargo}/env"
    fi
    command -v cargo >/dev/null || fail "Rust is missing: install it from https://rustup.rs"
    command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
        fail "a C compiler is missing (Debian and Ubuntu: apt-get install gcc; macOS: xcode-select --install)"
}

# Prints the packages of the window's libraries that the loader does not find.
missing_window_packages() {
    local ldconfig known library package
    ldconfig=$(PATH="$PATH:/usr/sbin:/sbin" command -v ldconfig) || ldconfig=true
    known=$("$ldconfig" -p 2>/dev/null || true)
    while read -r library package; do
        [ -z "$library" ] || [[ $known == *"$library "* ]] || printf '%s\n' "$package"
    done <<<"$window_libraries"
}

# Prints the packages the tests need on top that are not here: a software Vulkan driver and a virtual display.
missing_test_packages() {
    compgen -G '/usr/share/vulkan/icd.d/lvp_icd*.json' >/dev/null || echo mesa-vulkan-drivers
    PATH="$PATH:/usr/bin" command -v Xvfb >/dev/null || echo xvfb
}

# Installs the packages given, if this system can; says in one line what is needed if it cannot, and goes on.
install_packages() {
    [ $# -gt 0 ] || return 0
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        say "this system lacks what Debian calls $*; please install its own packages of these"
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "please install as root: apt-get install $*"
            return 0
        fi
        as_root=(sudo)
        [ -t 0 ] || as_root=(sudo -n)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    say "installing $*"
    # The update may fail in part (one old source); what counts is whether the packages can then be installed.
    "${as_root[@]}" apt-get update -qq >&2 || true
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >&2 ||
        say "that failed; please install as root: apt-get install $*"
}

# Installs what is missing: for a "window", or for the "tests" as well.
install_libraries() {
    local packages
    if [ "$(uname -s)" != Linux ]; then
        say "on $(uname -s) nothing is needed besides Rust and a C compiler"
        return 0
    fi
    packages=$(missing_window_packages)
    [ "$1" != tests ] || packages+=" $(missing_test_packages)"
    # shellcheck disable=SC2086  # one word a package
    install_packages $packages
}
