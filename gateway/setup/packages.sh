# shellcheck shell=bash disable=SC2154,SC2034
# Debian packages: what is missing is named first, then installed, or the user is told what to do.

build_packages=(ca-certificates curl openssl pkg-config cmake ninja-build ccache clang-19 lld-19 libboost1.81-dev
    libboost-json1.81-dev libboost-url1.81-dev libssl-dev libpqxx-dev libp11-kit-dev libgfshare-dev libtomlplusplus-dev
    libcli11-dev libspdlog-dev libfmt-dev prometheus-cpp-dev zlib1g-dev)
run_packages=(postgresql-15 softhsm2)

missing_packages() {
    local package status installed=" "
    while read -r package status; do
        [[ $status != *"ok installed" ]] || installed+="$package "
    done < <(dpkg-query -W -f='${Package} ${Status}\n' "$@" 2>/dev/null)
    for package in "$@"; do
        [[ $installed == *" $package "* ]] || echo "$package"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || fail "This is no Debian: there is no dpkg-query. Install what README.md names by hand, then use --no-build."
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    say "Needs these Debian packages: ${missing[*]}"
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "They are not installed, and neither root nor sudo is at hand. As root, run:
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}
and then this command again."
        as_root=(sudo)
        sudo -n true 2>/dev/null || [[ -t 0 ]] || fail "sudo asks for a password and there is no terminal to ask on. Run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
and then this command again."
    fi
    say "Installing them with apt-get (a minute or two)…"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update -qq || fail "apt-get update failed; its messages are above. Check the network and /etc/apt/sources.list."
    "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install them; its messages are above. Mend that and run this command again."
}
