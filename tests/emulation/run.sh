#!/usr/bin/env bash
# Runs Core's tests, the module's tests and the host as Windows programs under Wine, and Core's tests for .NET Framework on Mono. Both run
# in a separate Debian created by debootstrap. ANOVOS_TEST_EMULATION_ROOT names a folder to keep it in for the next time (3 GB). Requires
# root on Linux, and takes about ten minutes. The limits of the emulations are in limits.txt.
set -uo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

skip() {
    echo "Wine and Mono: skipped, $1"
    exit 0
}

if [ -z "${ANOVOS_EMULATION_MOUNTS:-}" ]; then
    [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] || skip 'they need root on Linux'
    for program in debootstrap chroot unshare; do command -v "$program" >/dev/null || skip "there is no $program"; done
    # The mounts below end with this process.
    exec env ANOVOS_EMULATION_MOUNTS=own unshare --mount --propagation private bash "$0" "$@"
fi

work=$(mktemp -d)
root=${ANOVOS_TEST_EMULATION_ROOT:-$work/root}
failed=0

finish() {
    local mounted
    # A step that timed out may have left processes.
    [ ! -d "$root/emulation/prefix" ] || inside / wineserver -k
    while read -r _ mounted _; do
        case $mounted in "$root"/*) umount -R "$mounted" ;; esac
    done < <(tac /proc/self/mounts) 2>/dev/null
    # Never deletes mounted folders.
    grep -qF " $work/" /proc/self/mounts || rm -rf --one-file-system "$work"
}
trap finish EXIT

# Debian 13 has Wine 10. Debian 12's Wine blocks under .NET 10.
if [ ! -e "$root/usr/bin/mono" ]; then
    echo '=== Debian with Wine and Mono'
    { timeout 900 debootstrap --variant=minbase --include=ca-certificates,wine,wine64 trixie "$root" &&
        timeout 900 chroot "$root" apt-get install -y -q --no-install-recommends mono-complete git &&
        chroot "$root" apt-get clean; } >"$work/root.log" 2>&1 ||
        { tail -5 "$work/root.log"; skip 'Debian cannot be set up here'; }
fi
mkdir -p "$root/proc" "$root/dev" "$root$repository" "$root/emulation"
mount --bind /proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --bind "$repository" "$root$repository" || exit 1
if [ -d "$repository/../shared" ]; then
    mkdir -p "$root$(dirname "$repository")/shared" && mount --bind "$repository/../shared" "$root$(dirname "$repository")/shared"
fi
# Otherwise localhost is unknown.
cp /etc/hosts "$root/etc/hosts"

inside() { # folder, command...; Mono ignores the environment of Wine
    local folder=$1
    shift
    chroot "$root" env -i --default-signal=INT PATH=/usr/local/bin:/usr/bin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
        WINEARCH=win64 WINEPREFIX=/emulation/prefix WINEDEBUG=-all WINEDLLOVERRIDES="${overrides-mshtml=}" \
        DOTNET_EnableWriteXorExecute=0 PSExecutionPolicyPreference=Bypass ANOVOS_TEST_SHARE='\\server\share' ANOVOS_TEST_HOST="$(windows_path "$host")" \
        ANOVOS_TEST_SERVER_URI="${ANOVOS_TEST_SERVER_URI:-}" ANOVOS_TEST_TRACKING_URI="${ANOVOS_TEST_TRACKING_URI:-}" \
        sh -c 'cd "$0" && exec "$@"' "$folder" "$@" </dev/null
}

windows_path() { echo "Z:${1//\//\\}"; }

step() { # title, command...
    echo "=== $1"
    shift
    # Removes terminal control sequences from the log.
    timeout --kill-after 10 1200 "$@" 2>&1 | sed -u 's/\x1b\[[?0-9;]*[A-Za-z]//g; s/\r//g'
    local code=${PIPESTATUS[0]}
    [ "$code" -eq 0 ] || failed=1
    return "$code"
}

publish() { # project, further arguments...
    timeout 900 dotnet publish "$repository/$1" -c Release -r win-x64 --self-contained --nologo -v q "${@:2}" || failed=1
}

# Console programs that the tests start need a console, which Wine has only on a terminal.
on_terminal() { # folder, program, arguments...
    inside "$1" script -qec "stty cols 250; wine '$(windows_path "$2")'$(printf " '%s'" "${@:3}")" /dev/null
}

run_windows_tests() { # project, further arguments...
    local folder="$repository/tests/$1/bin/Release/net10.0/win-x64/publish" classes
    mapfile -t classes < <(awk '$1 == "wine" && sub(/\.\*$/, "", $2) { print "-class-"; print "Anovos.Mlflow.Tests." $2 }' \
        "$repository/tests/emulation/limits.txt")
    on_terminal "$folder" "$folder/$1.exe" -noLogo -noColor "${classes[@]}" "${@:2}"
}

# Counts as a test.
run_quickstart() { # program
    local folder="/emulation/quickstart" start=$SECONDS
    rm -rf "$root$folder" && mkdir -p "$root$folder"
    on_terminal "$folder" "$1" "$(windows_path "$repository/samples/quickstart.ps1")"
    local code=$?
    [ "$code" -eq 0 ] && [ ! -s "$root$folder/mlflow.db" ] && code=1
    echo "   The quickstart took $((SECONDS - start)) s. Total: 1, Errors: 0, Failed: $((code != 0)), Skipped: 0, Not Run: 0"
    return "$code"
}

export -f inside windows_path on_terminal run_windows_tests run_quickstart
host="$repository/src/Anovos.Mlflow.Host/bin/Release/net10.0/win-x64/publish/anovos-mlflow.exe"
export root repository host

cd "$repository" || exit 1
dotnet restore tests/Anovos.Mlflow.Core.Tests -p:TestNetFramework=true -v q &&
    dotnet build tests/Anovos.Mlflow.Core.Tests --no-restore -f net472 -p:TestNetFramework=true -c Release --nologo -v q || failed=1
framework="$repository/tests/Anovos.Mlflow.Core.Tests/bin/Release/net472"

# The test server runs on .NET, outside of the emulation. It ends when its input ends.
dotnet build tests/Anovos.Mlflow.TestServer -c Release --nologo -v q || failed=1
coproc server { exec dotnet tests/Anovos.Mlflow.TestServer/bin/Release/net10.0/Anovos.Mlflow.TestServer.dll; }
read -r ANOVOS_TEST_SERVER_URI <&"${server[0]}" && export ANOVOS_TEST_SERVER_URI
step 'Core for .NET Framework, on Mono' bash -c "inside '$framework' mono Anovos.Mlflow.Core.Tests.exe -noLogo -noColor"

publish tests/Anovos.Mlflow.Core.Tests
publish tests/Anovos.Mlflow.Tests
publish src/Anovos.Mlflow.Host
publish src/Anovos.Mlflow.Host -p:PublishSingleFile=true --output "$repository/out/emulation"
[ -d "$root/emulation/prefix" ] || overrides='mscoree,mshtml=' inside / wine wineboot -i >"$work/wineboot.log" 2>&1
# The network share for Wine.
mkdir -p "$root/emulation/unc/server/share" && ln -sfn /emulation/unc "$root/emulation/prefix/dosdevices/unc"
step 'Core, under Wine' bash -c 'run_windows_tests Anovos.Mlflow.Core.Tests -parallelMode none'
step 'The module, under Wine' bash -c 'run_windows_tests Anovos.Mlflow.Tests'
step 'The host, under Wine' bash -c "run_quickstart '$host'"
step 'The host as one file, under Wine' bash -c "run_quickstart '$repository/out/emulation/anovos-mlflow.exe'"
exit "$failed"
