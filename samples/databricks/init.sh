#!/bin/bash
# Cluster-scoped init script for Databricks: starts a run on the driver, in which the cluster's Python then logs.
#
# Set as environment variables of the cluster:
#   ANOVOS_MLFLOW_SOURCE    the single-file host (/Volumes/main/tools/anovos-mlflow, /Workspace/Shared/anovos-mlflow), or the
#                           module's package, a .zip, if the cluster's image has pwsh
#   DATABRICKS_HOST, …      the workspace and the credentials; a secret as {{secrets/scope/key}}
#   MLFLOW_EXPERIMENT_NAME  the experiment: /Shared/Customers
# and optionally:
#   ANOVOS_MLFLOW_CONFIG    the workflow file. The run records its settings, and it says where to track to
#   ANOVOS_MLFLOW_REQUIRED  true: the cluster does not start without the run. Otherwise it does, and the log says why
#   ANOVOS_MLFLOW_FOLDER    where to install (/opt/anovos-mlflow)
#   ANOVOS_MLFLOW_ENV_FILE  the file of exports that the driver starts with (/databricks/spark/conf/spark-env.sh)
#   MLFLOW_RUN_ID           a run that was started elsewhere, such as in a pipeline: it is continued, and no run is started
set -uo pipefail

[ "${DB_IS_DRIVER:-}" = TRUE ] || exit 0

folder=${ANOVOS_MLFLOW_FOLDER:-/opt/anovos-mlflow}
exports=$(readlink -m -- "${ANOVOS_MLFLOW_ENV_FILE:-/databricks/spark/conf/spark-env.sh}")
begin='# anovos-mlflow: begin' end='# anovos-mlflow: end'

log() { printf 'anovos-mlflow: %s\n' "$*" >&2; }

give_up() {
    if [ "${ANOVOS_MLFLOW_REQUIRED:-}" = true ]; then
        log "$* The cluster does not start, because ANOVOS_MLFLOW_REQUIRED is true."
        exit 1
    fi
    log "$* The cluster starts without a run."
    exit 0
}

quote() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Replaces the exports of an earlier start of this cluster with standard input, atomically.
write_exports() {
    local new
    new=$(mktemp -- "$exports.XXXXXX") || return
    {
        if [ -e "$exports" ]; then
            cp -p -- "$exports" "$new" && sed -e "/^$begin\$/,/^$end\$/d" -e "\$a\\" -- "$exports" >"$new"
        else
            chmod 644 -- "$new"
        fi && cat >>"$new" && mv -f -- "$new" "$exports"
    } || { rm -f -- "$new" && return 1; }
}

install_host() {
    host=("$folder/anovos-mlflow")
    cmp -s -- "$1" "${host[0]}" && return

    # A running program cannot be overwritten.
    cp -- "$1" "${host[0]}.new" && chmod 755 -- "${host[0]}.new" && mv -f -- "${host[0]}.new" "${host[0]}"
}

install_module() {
    export PSModulePath=$folder/Modules
    host=(pwsh -NoProfile -NonInteractive -File)
    command -v pwsh >/dev/null && python3 -m zipfile -e "$1" "$PSModulePath"
}

source=${ANOVOS_MLFLOW_SOURCE:-}
[ -n "$source" ] || give_up "ANOVOS_MLFLOW_SOURCE is not set. Set it to the path of the host in a volume or in the workspace."
[ -r "$source" ] || give_up "The file '$source' is missing or cannot be read. Correct ANOVOS_MLFLOW_SOURCE, or the permissions of the file."
work=$(mktemp -d) || give_up "There is no folder for temporary files."
trap 'rm -rf -- "$work"' EXIT

# If the environment contains the run of an earlier start, it is not a setting of the cluster.
earlier=$(sed -n "/^$begin\$/,/^$end\$/p" -- "$exports" 2>/dev/null | (
    unset MLFLOW_RUN_ID
    # shellcheck disable=SC1091
    . /dev/stdin
    printf '%s' "${MLFLOW_RUN_ID:-}"
))
if [ -n "$earlier" ] && [ "${MLFLOW_RUN_ID:-}" = "$earlier" ]; then
    unset MLFLOW_RUN_ID MLFLOW_EXPERIMENT_ID
fi
write_exports </dev/null || give_up "'$exports' cannot be written. Correct ANOVOS_MLFLOW_ENV_FILE."

mkdir -p -- "$folder" || give_up "'$folder' cannot be created. Correct ANOVOS_MLFLOW_FOLDER."
case $source in
    *.zip) install_module "$source" || give_up "The module cannot be installed from '$source': it needs pwsh and python3 in the cluster's image. Use the host instead, which needs neither." ;;
    *) install_host "$source" || give_up "'$source' cannot be copied to '$folder'." ;;
esac

cat >"$work/start.ps1" <<'POWERSHELL'
param([string] $Result, [string] $Earlier)

$ErrorActionPreference = 'Stop'
$start = @{ Tag = @{ 'databricks.cluster.name' = "$env:DB_CLUSTER_NAME"; 'databricks.cluster.is_job' = "$env:DB_IS_JOB_CLUSTER" } }
$runId = $env:MLFLOW_RUN_ID
if (-not $runId -and $Earlier) {
    $runId = (Get-MlflowRun $Earlier -ErrorAction SilentlyContinue | Where-Object Status -EQ Running).RunId
}
if ($runId) {
    $start.RunId = $runId
    $start.Tag['mlflow.databricks.cluster.id'] = "$env:DB_CLUSTER_ID"
}
elseif ($env:DB_CLUSTER_NAME) {
    $start.Name = $env:DB_CLUSTER_NAME
}
if ($env:ANOVOS_MLFLOW_CONFIG) {
    $start.Config = Import-AnovosConfig -LiteralPath $env:ANOVOS_MLFLOW_CONFIG
}
$run = Start-MlflowRun @start
if ($run) {
    [System.IO.File]::WriteAllLines($Result, [string[]] @($run.RunId, $run.TrackingUri, $run.ExperimentId))
}
POWERSHELL

# A server that does not respond must not delay the cluster for as long as it may delay a job.
export ANOVOS_MLFLOW_RETRY_TIMEOUT=${ANOVOS_MLFLOW_RETRY_TIMEOUT:-60}
[ -n "${ANOVOS_MLFLOW_CONFIG:-}" ] || export MLFLOW_TRACKING_URI=${MLFLOW_TRACKING_URI:-databricks}
timeout 300 "${host[@]}" "$work/start.ps1" -Result "$work/run" -Earlier "$earlier" >&2 || give_up "The run could not be started: see the error above."
[ -s "$work/run" ] || give_up "No run was started: see the warning above."
mapfile -t run <"$work/run"

{
    printf '%s\n' "$begin"
    printf 'export MLFLOW_RUN_ID=%s\n' "$(quote "${run[0]}")"
    printf 'export MLFLOW_TRACKING_URI=%s\n' "$(quote "${run[1]}")"
    printf 'export MLFLOW_EXPERIMENT_ID=%s\n' "$(quote "${run[2]}")"
    [ -z "${PSModulePath:-}" ] || printf 'export PSModulePath=%s\n' "$(quote "$PSModulePath")"
    printf '%s\n' "$end"
} | write_exports || give_up "'$exports' cannot be written, so the cluster's Python cannot find run ${run[0]}."
log "The cluster's Python finds run ${run[0]} of experiment ${run[2]} at ${run[1]}."
